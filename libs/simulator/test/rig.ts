import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import OpenAI, { toFile } from "openai";
import { type LedgerCreate, readLedger, type ScenarioInput, serveSimulator } from "../src/index.ts";

/** Jobs that take a few milliseconds. */
export const quick = { validatingMs: 1, jobMs: 5, lineMs: 0, finalizingMs: 1, cancellingMs: 5, jitter: 0 };

/** A request line for a chat completion. */
export function chatLine(customId: string, content = "hello", body: object = {}): string {
  return JSON.stringify({
    custom_id: customId,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "gpt-4o-mini", messages: [{ role: "user", content }], ...body },
  });
}

/** One line of a result file, as far as the tests look at it. */
export interface ResultLine {
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: Record<string, any> } | null; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
  error: { code: string; message: string } | null;
}

/** Waits until the answer is there, at most ten seconds. */
export async function until<T>(ask: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`still waiting for: ${ask.toString()}`);
    await delay(5);
  }
}

/** A simulator in a new folder. Its failures fail the test that disposes of it. */
export async function openSimulator(scenario: ScenarioInput = {}) {
  const folder = await mkdtemp(join(tmpdir(), "granary-simulator-"));
  const failures: unknown[] = [];
  const simulator = await serveSimulator({
    folder,
    scenario: { ...scenario, pace: { ...quick, ...scenario.pace } },
    log: (message, fields) => failures.push([message, fields]),
  });
  return {
    ...simulator,
    folder,
    /** All creates the ledger knows. */
    async creates(): Promise<LedgerCreate[]> {
      return (await readLedger(folder)).filter((entry) => entry.kind === "create");
    },
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await rm(folder, { recursive: true });
      if (failures.length > 0) throw new Error(`the simulator failed: ${JSON.stringify(failures)}`);
    },
  };
}

/** A simulator in a new folder, with the official SDK before it. */
export async function openRig(scenario: ScenarioInput = {}) {
  const simulator = await openSimulator(scenario);
  const clientFor = (apiKey: string) =>
    new OpenAI({ apiKey, baseURL: `${simulator.url}/openai/v1`, maxRetries: 0, timeout: 5_000 });
  const client = clientFor("sk-test");

  async function upload(lines: readonly string[] | string, name = "input.jsonl") {
    const text = typeof lines === "string" ? lines : lines.map((line) => `${line}\n`).join("");
    return client.files.create({ file: await toFile(Buffer.from(text), name), purpose: "batch" });
  }
  async function create(lines: readonly string[] | string, tag = "tag", endpoint = "/v1/chat/completions") {
    const file = await upload(lines);
    return client.batches.create({
      input_file_id: file.id,
      endpoint: endpoint as "/v1/chat/completions",
      completion_window: "24h",
      metadata: { granary_tag: tag },
    });
  }
  const ended = (id: string) =>
    until(async () => {
      const batch = await client.batches.retrieve(id);
      return ["completed", "failed", "expired", "cancelled"].includes(batch.status) && batch;
    });
  async function run(lines: readonly string[] | string, tag = "tag", endpoint = "/v1/chat/completions") {
    const batch = await create(lines, tag, endpoint);
    return ended(batch.id);
  }
  async function raw(fileId: string | undefined | null): Promise<string> {
    return fileId ? (await client.files.content(fileId)).text() : "";
  }
  async function results(fileId: string | undefined | null): Promise<ResultLine[]> {
    const text = await raw(fileId);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }
  return {
    ...simulator,
    client,
    clientFor,
    upload,
    create,
    ended,
    run,
    raw,
    results,
  };
}
