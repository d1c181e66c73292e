import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readLedger, serveSimulator } from "../src/index.ts";
import { request } from "./anthropicRig.ts";
import { inlineRequest } from "./geminiRig.ts";
import { newFolder, startProcess } from "./process.ts";
import { chatLine, openRig, openSimulator, until } from "./rig.ts";

/** Plain HTTP to one simulator. */
function caller(url: string) {
  async function call(path: string, init: RequestInit = {}) {
    const response = await fetch(path.startsWith("http") ? path : url + path, {
      ...init,
      headers: {
        "content-type": "application/json",
        authorization: "Bearer sk-test",
        "x-goog-api-key": "sk-test",
        "x-api-key": "sk-test",
        "anthropic-version": "2026-10-21",
        ...(init.headers as object),
      },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : null,
    };
  }
  const post = async (path: string, body: unknown) =>
    (await call(path, { method: "POST", body: JSON.stringify(body) })).body;
  async function upload(): Promise<string> {
    const form = new FormData();
    form.set("purpose", "batch");
    form.set("file", new File([`${chatLine("a")}\n`], "input.jsonl"));
    const response = await fetch(`${url}/openai/v1/files`, {
      method: "POST",
      body: form,
      headers: { authorization: "Bearer sk-test" },
    });
    return ((await response.json()) as { id: string }).id;
  }
  return {
    call,
    upload,
    openai: async (fileId: string, tag: string): Promise<string> =>
      (
        await post("/openai/v1/batches", {
          input_file_id: fileId,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
          metadata: { tag },
        })
      ).id,
    gemini: async (tag: string, lines = 1): Promise<string> =>
      (
        await post("/gemini/v1/models/gemini-2.5-flash:batchGenerateContent", {
          batch: {
            displayName: tag,
            inputConfig: {
              requests: { requests: Array.from({ length: lines }, (_, at) => inlineRequest(`k${at}`)) },
            },
          },
        })
      ).name,
    anthropic: async (tag: string, lines = 1): Promise<string> =>
      (
        await post("/anthropic/v1/messages/batches", {
          requests: Array.from({ length: lines }, (_, at) => request(`${tag}-${at}`)),
        })
      ).id,
  };
}

test("a simulator that is killed again and again keeps every create of every provider, and doubles none", async () => {
  const folder = await newFolder();
  const scenario = join(folder, "scenario.json");
  await writeFile(scenario, JSON.stringify({ pace: { jobMs: 50, validatingMs: 1 } }));
  const answered: string[] = [];
  let sent = 0;
  for (let round = 0; round < 3; round++) {
    const { child, url } = await startProcess("--folder", folder, "--scenario", scenario);
    const to = caller(url);
    const fileId = await to.upload();
    const killed = once(child, "exit");
    const calls = Array.from({ length: 18 }, async (_, index) => {
      const tag = `round${round}x${index}`;
      sent += 1;
      const id = await (index % 3 === 0
        ? to.openai(fileId, tag)
        : index % 3 === 1
          ? to.gemini(tag)
          : to.anthropic(tag));
      answered.push(id);
      // In the midst of the others.
      if (answered.length % 6 === 5) child.kill("SIGKILL");
    });
    await Promise.allSettled(calls);
    child.kill("SIGKILL");
    await killed;
  }
  const { url } = await startProcess("--folder", folder);
  const creates = (await readLedger(folder)).filter((entry) => entry.kind === "create");
  const ids = creates.map(({ jobId }) => jobId);
  expect(answered.length).toBeGreaterThan(0);
  expect(ids).toEqual(expect.arrayContaining(answered));
  expect(new Set(creates.map(({ tag }) => tag)).size).toBe(creates.length);
  expect(creates.length).toBeLessThanOrEqual(sent);
  // One count over all providers.
  expect(creates.map(({ ordinal }) => ordinal)).toEqual(creates.map((_, index) => index + 1));
  const jobs = await until(async () => {
    const { body } = await caller(url).call("/jobs");
    return body.jobs.length === creates.length && body.jobs;
  });
  expect(jobs.map(({ jobId }: { jobId: string }) => jobId).toSorted()).toEqual(ids.toSorted());
  await until(async () =>
    (await readLedger(folder)).every((entry) => entry.kind !== "create" || entry.status === "completed"),
  );
}, 60_000);

test("jobs that were running when their simulator was killed end once, with every line", async () => {
  const folder = await newFolder();
  const scenario = join(folder, "scenario.json");
  await writeFile(scenario, JSON.stringify({ pace: { jobMs: 1_500, validatingMs: 1, jitter: 0 } }));
  const first = await startProcess("--folder", folder, "--scenario", scenario);
  const gemini = await caller(first.url).gemini("g", 100);
  const anthropic = await caller(first.url).anthropic("a", 100);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  // Started without the file: the folder remembers its last scenario, and the jobs their own.
  const to = caller((await startProcess("--folder", folder)).url);
  const operation = await until(async () => {
    const { body } = await to.call(`/gemini/v1/${gemini}`);
    return body.done && body;
  });
  expect(operation.response.inlinedResponses.inlinedResponses).toHaveLength(100);
  const batch = await until(async () => {
    const { body } = await to.call(`/anthropic/v1/messages/batches/${anthropic}`);
    return body.processing_status === "ended" && body;
  });
  expect(batch.request_counts.succeeded).toBe(100);
  expect((await to.call(batch.results_url)).text.trim().split("\n")).toHaveLength(100);
  expect((await readLedger(folder)).filter(({ kind }) => kind === "create")).toMatchObject([
    { provider: "gemini", status: "completed", lines: 100 },
    { provider: "anthropic", status: "completed", lines: 100 },
  ]);
}, 30_000);

test("a resumable upload goes on where it was when its simulator was killed", async () => {
  const folder = await newFolder();
  const chunkBytes = 256 * 1024;
  const first = await startProcess("--folder", folder);
  const { headers } = await caller(first.url).call("/gemini/upload/v1beta/files", {
    method: "POST",
    body: "{}",
    headers: {
      "x-goog-upload-command": "start",
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-header-content-length": String(chunkBytes + 3),
    },
  });
  const session = new URL(headers.get("x-goog-upload-url") ?? "");
  const send = (to: string, command: string, offset: number, size: number) =>
    caller(to).call(session.pathname + session.search, {
      method: "POST",
      headers: { "x-goog-upload-command": command, "x-goog-upload-offset": String(offset) },
      ...(size === 0 ? {} : { body: new Uint8Array(size) }),
    });
  await send(first.url, "upload", 0, chunkBytes);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = await startProcess("--folder", folder);
  const asked = await send(second.url, "query", 0, 0);
  expect(asked.headers.get("x-goog-upload-status")).toBe("active");
  expect(asked.headers.get("x-goog-upload-size-received")).toBe(String(chunkBytes));
  const { body } = await send(second.url, "upload, finalize", chunkBytes, 3);
  expect(body.file.sizeBytes).toBe(String(chunkBytes + 3));
  expect((await send(second.url, "query", 0, 0)).headers.get("x-goog-upload-status")).toBe("final");
}, 30_000);

test("faults that have struck one provider do not strike again after a restart", async () => {
  const folder = await newFolder();
  const scenario = {
    faults: [{ on: "create", what: "server_error", nth: 1, provider: "anthropic" }],
  } as const;
  const statuses: number[] = [];
  for (let round = 0; round < 2; round++) {
    const simulator = await serveSimulator({ folder, scenario: structuredClone(scenario) as never });
    const { call, gemini } = caller(simulator.url);
    await gemini("g");
    const body = JSON.stringify({ requests: [request("a")] });
    statuses.push((await call("/anthropic/v1/messages/batches", { method: "POST", body })).status);
    await simulator.close();
  }
  expect(statuses).toEqual([500, 200]);
});

test("a folder that was run before there were other providers goes on", async () => {
  const folder = await newFolder();
  const first = await serveSimulator({ folder });
  const to = caller(first.url);
  await to.openai(await to.upload(), "old");
  await first.close();
  // As the first version wrote it: limits were numbers, and of one provider.
  const scenarios = join(folder, "scenarios");
  const text = JSON.stringify({ seed: "old", limits: { lines: 50_000, bytes: 1_000_000, toldBy: "failed" } });
  await writeFile(join(scenarios, "0123456789abcdef.json"), text);
  await writeFile(join(scenarios, "latest"), "0123456789abcdef");
  const second = await serveSimulator({ folder });
  onTestFinished(() => second.close());
  await caller(second.url).gemini("new");
  const { body } = await caller(second.url).call("/scenario");
  expect(body).toMatchObject({ seed: "old", limits: { bytes: 1_000_000 } });
  expect((await readLedger(folder)).filter(({ kind }) => kind === "create")).toMatchObject([
    { provider: "openai", tag: "old", ordinal: 1 },
    { provider: "gemini", tag: "new", ordinal: 2 },
  ]);
});

test("a limit may differ by provider, and holds for all where it is said for all", async () => {
  await using simulator = await openSimulator({
    pace: { jobMs: 60_000 },
    limits: { concurrentBatches: 1, toldBy: "create", gemini: { concurrentBatches: 2 } },
  });
  const { call, gemini, anthropic } = caller(simulator.url);
  await anthropic("a");
  expect(await anthropic("b")).toBeUndefined();
  await gemini("a");
  expect(await gemini("b")).toMatch(/^batches\//);
  expect(await gemini("c")).toBeUndefined();
  expect((await call("/")).body).toMatchObject({ providers: ["openai", "gemini", "anthropic"] });
});

test("a fault that names a provider leaves the others alone", async () => {
  await using simulator = await openSimulator({
    faults: [{ on: "list", what: "forbidden", provider: "gemini" }],
  });
  const { call } = caller(simulator.url);
  expect((await call("/gemini/v1/batches")).status).toBe(403);
  expect((await call("/openai/v1/batches")).status).toBe(200);
  expect((await call("/anthropic/v1/messages/batches")).status).toBe(200);
});

test("OpenAI's results are 404 for a while, uploads short-lived, calls forbidden", async () => {
  await using rig = await openRig({
    faults: [
      { on: "job", what: "results_lag", ms: 300 },
      { on: "upload", what: "short_lived", ms: 0, nth: 2 },
      { on: "list", what: "forbidden", nth: 1 },
    ],
  });
  const { output_file_id: fileId } = await rig.run([chatLine("a")]);
  await expect(rig.raw(fileId)).rejects.toMatchObject({ status: 404 });
  await until(() => rig.raw(fileId).catch(() => null));
  const gone = await rig.upload([chatLine("a")]);
  await expect(rig.client.files.retrieve(gone.id)).rejects.toMatchObject({ status: 404 });
  await expect(rig.client.batches.list()).rejects.toMatchObject({ status: 403 });
});

test("the same lines under the same seed and keys are answered in the same words", async () => {
  const texts: string[] = [];
  for (let round = 0; round < 2; round++) {
    await using simulator = await openSimulator({ seed: 7, rates: { error_500: 0.3, refusal: 0.2 } });
    const to = caller(simulator.url);
    const name = await to.gemini("same", 30);
    const operation = await until(async () => {
      const { body } = await to.call(`/gemini/v1/${name}`);
      return body.done && body;
    });
    const answers = operation.response.inlinedResponses.inlinedResponses as {
      response?: { candidates?: unknown };
      error?: object;
    }[];
    texts.push(JSON.stringify(answers.map(({ response, error }) => [response?.candidates, error])));
  }
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).toContain('"code":13');
});
