import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import OpenAI, { type APIError, toFile } from "openai";
import { expect, onTestFinished, test } from "vitest";
import { FolderInUse, readLedger, serveSimulator, simulatorMain } from "../src/index.ts";
import { newFolder, startProcess } from "./process.ts";
import { chatLine, openRig, until } from "./rig.ts";

async function start(...options: string[]): Promise<{ child: ChildProcess; client: OpenAI; url: string }> {
  const { child, url } = await startProcess(...options);
  const client = new OpenAI({ apiKey: "sk-test", baseURL: `${url}/openai/v1`, maxRetries: 0 });
  return { child, client, url };
}

async function fails(...options: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ["--conditions=@granary/source", simulatorMain, ...options]);
  let text = "";
  child.stderr.on("data", (chunk) => (text += chunk));
  const [code] = await once(child, "close");
  return { code, text };
}

test("a simulator that is killed again and again keeps every create it answered, and doubles none", async () => {
  const folder = await newFolder();
  const scenario = join(folder, "scenario.json");
  await writeFile(scenario, JSON.stringify({ pace: { jobMs: 50, validatingMs: 1 } }));
  const answered: string[] = [];
  let sent = 0;
  for (let round = 0; round < 4; round++) {
    const { child, client } = await start("--folder", folder, "--scenario", scenario);
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${chatLine("a")}\n`), "input.jsonl"),
      purpose: "batch",
    });
    const killed = once(child, "exit");
    const calls = Array.from({ length: 20 }, async (_, index) => {
      const tag = `round-${round}-${index}`;
      sent += 1;
      const batch = await client.batches.create({
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        metadata: { tag },
      });
      answered.push(batch.id);
      // In the midst of the others.
      if (answered.length % 5 === 4) child.kill("SIGKILL");
    });
    await Promise.allSettled(calls);
    child.kill("SIGKILL");
    await killed;
  }
  const { client } = await start("--folder", folder);
  const creates = (await readLedger(folder)).filter((entry) => entry.kind === "create");
  const ids = creates.map(({ jobId }) => jobId);
  expect(answered.length).toBeGreaterThan(0);
  expect(ids).toEqual(expect.arrayContaining(answered));
  expect(new Set(creates.map(({ tag }) => tag)).size).toBe(creates.length);
  expect(creates.length).toBeLessThanOrEqual(sent);
  expect(creates.map(({ ordinal }) => ordinal)).toEqual(creates.map((_, index) => index + 1));
  const listed: string[] = [];
  for await (const { id } of client.batches.list({ limit: 100 })) listed.push(id);
  expect(listed.toReversed()).toEqual(ids);
  for (const id of ids) await until(async () => (await client.batches.retrieve(id)).status === "completed");
}, 60_000);

test("a job that was running when its simulator was killed ends, once, with the same answers", async () => {
  const folder = await newFolder();
  const scenario = join(folder, "scenario.json");
  await writeFile(scenario, JSON.stringify({ pace: { jobMs: 1_500, validatingMs: 1, jitter: 0 } }));
  const first = await start("--folder", folder, "--scenario", scenario);
  const text = Array.from({ length: 500 }, (_, index) => `${chatLine(`line-${index}`)}\n`).join("");
  const file = await first.client.files.create({
    file: await toFile(Buffer.from(text), "input.jsonl"),
    purpose: "batch",
  });
  const { id } = await first.client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  const running = await until(async () => {
    const batch = await first.client.batches.retrieve(id);
    return batch.status === "in_progress" && batch;
  });
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  // Started without the file: the folder remembers its last scenario, and the job its own.
  const second = await start("--folder", folder);
  const batch = await until(async () => {
    const found = await second.client.batches.retrieve(id);
    return found.status === "completed" && found;
  });
  expect(batch.in_progress_at).toBe(running.in_progress_at);
  expect(batch.request_counts).toEqual({ total: 500, completed: 500, failed: 0 });
  const lines = (await (await second.client.files.content(batch.output_file_id ?? "")).text())
    .trim()
    .split("\n");
  expect(lines).toHaveLength(500);
  second.child.stdin!.end();
  second.child.kill("SIGTERM");
  const [code] = await once(second.child, "exit");
  expect(code).toBe(0);
  expect((await readLedger(folder)).filter(({ kind }) => kind === "create")).toMatchObject([
    { jobId: id, status: "completed", lines: 500 },
  ]);
}, 30_000);

test("the process ends when its standard input closes", async () => {
  const { child } = await start("--folder", await newFolder(), "--until-stdin-closes");
  const exit = once(child, "exit");
  child.stdin!.end();
  expect((await exit)[0]).toBe(0);
}, 15_000);

test("a port that is taken is named, with the remedy", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const { code, text } = await fails("--folder", await newFolder(), "--port", String(port));
  expect(code).toBe(1);
  expect(text.trim().split("\n")).toHaveLength(1);
  expect(text).toContain(`port ${port} is taken`);
  expect(text).toContain("choose another port");
}, 15_000);

test("a scenario that is not valid is refused with the place", async () => {
  const folder = await newFolder();
  const scenario = join(folder, "scenario.json");
  await writeFile(scenario, JSON.stringify({ pace: { jobMs: -1 } }));
  const { code, text } = await fails("--folder", folder, "--scenario", scenario);
  expect(code).toBe(1);
  expect(text).toContain("pace.jobMs");
}, 15_000);

test("a second simulator on the same folder is refused", async () => {
  await using rig = await openRig();
  await expect(serveSimulator({ folder: rig.folder })).rejects.toBeInstanceOf(FolderInUse);
}, 15_000);

async function upload(to: OpenAI) {
  return to.files.create({ file: await toFile(Buffer.from("{}\n"), "a.jsonl"), purpose: "batch" });
}

test("a last line that was torn by a crash is cut off", async () => {
  const folder = await newFolder();
  const first = await serveSimulator({ folder });
  const client = new OpenAI({ apiKey: "sk-test", baseURL: `${first.url}/openai/v1` });
  await upload(client);
  await first.close();
  await appendFile(join(folder, "ledger.jsonl"), '{"kind":"upl');
  const second = await serveSimulator({ folder });
  onTestFinished(() => second.close());
  await upload(new OpenAI({ apiKey: "sk-test", baseURL: `${second.url}/openai/v1` }));
  expect((await readLedger(folder)).map(({ kind }) => kind)).toEqual(["upload", "upload"]);
});

test("faults that have struck do not strike again after a restart, and attempts are still counted", async () => {
  const folder = await newFolder();
  const scenario = {
    pace: { jobMs: 1, validatingMs: 1, finalizingMs: 1 },
    faults: [{ on: "create", what: "server_error", nth: 1 }],
    lines: [{ contains: "shaky", answer: "error_500", times: 1 }],
  } as const;
  const outcomes: unknown[] = [];
  for (let round = 0; round < 2; round++) {
    const simulator = await serveSimulator({ folder, scenario: structuredClone(scenario) as never });
    const client = new OpenAI({ apiKey: "sk-test", baseURL: `${simulator.url}/openai/v1`, maxRetries: 0 });
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${chatLine("a", "shaky")}\n`), "input.jsonl"),
      purpose: "batch",
    });
    const create = () =>
      client.batches.create({
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
      });
    const batch = await create().catch((error: APIError) => {
      outcomes.push(error.status);
      return create();
    });
    const ended = await until(async () => {
      const found = await client.batches.retrieve(batch.id);
      return found.status === "completed" && found;
    });
    outcomes.push(ended.request_counts?.failed);
    await simulator.close();
  }
  expect(outcomes).toEqual([500, 1, 0]);
});
