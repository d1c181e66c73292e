import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoogleGenAI } from "@google/genai";
import type { ScenarioInput } from "../src/index.ts";
import { openSimulator, until } from "./rig.ts";

/** A line of an input file. */
export function fileLine(key: string, text = "hello", request: object = {}): string {
  return JSON.stringify({ key, request: { contents: [{ role: "user", parts: [{ text }] }], ...request } });
}

/** A request as it travels inline. */
export function inlineRequest(key: string, text = "hello", request: object = {}) {
  return { request: { contents: [{ role: "user", parts: [{ text }] }], ...request }, metadata: { key } };
}

/** An operation as it stands on the wire, as far as the tests look at it. */
export interface Operation {
  name: string;
  done?: boolean;
  error?: { code: number; message: string };
  response?: Output;
  metadata: {
    state: string;
    displayName?: string;
    batchStats: Record<string, string>;
    output?: Output;
    inputConfig?: { fileName: string };
  };
}
interface Output {
  responsesFile?: string;
  inlinedResponses?: { inlinedResponses: Answer[] };
}

/** One answer, inline or from a file. */
export interface Answer {
  key?: string;
  metadata?: { key: string };
  error?: { code: number; message: string };
  response?: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
}

/** A simulator with the official SDK before it, and with plain HTTP for what the SDK leaves out. */
export async function openGeminiRig(scenario: ScenarioInput = {}) {
  const simulator = await openSimulator(scenario);
  const root = `${simulator.url}/gemini`;
  const sdkFor = (apiKey: string) =>
    new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl: root, timeout: 5_000 } });
  const sdk = sdkFor("g-test");
  let files = 0;

  async function send(path: string, init: RequestInit & { key?: string; json?: unknown } = {}) {
    const { key = "g-test", json, ...rest } = init;
    const response = await fetch(path.startsWith("http") ? path : root + path, {
      ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) }),
      ...rest,
      headers: { "x-goog-api-key": key, "content-type": "application/json", ...(rest.headers as object) },
    });
    const text = await response.text();
    let body: any = null; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
    try {
      body = JSON.parse(text);
    } catch {
      // A download is no JSON.
    }
    return { status: response.status, headers: response.headers, text, body };
  }
  async function upload(lines: readonly string[], displayName = "input") {
    const path = join(simulator.folder, `own-${(files += 1)}.jsonl`);
    await writeFile(path, lines.map((line) => `${line}\n`).join(""));
    return sdk.files.upload({ file: path, config: { mimeType: "application/jsonl", displayName } });
  }
  const createOf = (inputConfig: object, displayName = "tag", model = "gemini-2.5-flash", key = "g-test") =>
    send(`/v1/models/${model}:batchGenerateContent`, { key, json: { batch: { displayName, inputConfig } } });
  async function create(lines: readonly string[], tag = "tag", model?: string): Promise<Operation> {
    const file = await upload(lines);
    const { body, status } = await createOf({ fileName: file.name }, tag, model);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }
  async function createInline(requests: readonly object[], tag = "tag"): Promise<Operation> {
    const { body, status } = await createOf({ requests: { requests } }, tag);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }
  const get = async (name: string): Promise<Operation> => (await send(`/v1/${name}`)).body;
  const ended = ({ name }: { name: string }) =>
    until(async () => {
      const operation = await get(name);
      return operation.done === true && operation;
    });
  const raw = async (name: string | undefined) =>
    name === undefined ? "" : (await send(`/v1/${name}:download?alt=media`)).text;
  return {
    ...simulator,
    root,
    sdk,
    sdkFor,
    send,
    upload,
    createOf,
    create,
    createInline,
    get,
    ended,
    raw,
    run: async (lines: readonly string[], tag?: string) => ended(await create(lines, tag)),
    runInline: async (requests: readonly object[], tag?: string) => ended(await createInline(requests, tag)),
    /** The answers of a batch that has ended, wherever they are. */
    async answers({ metadata: { output } }: Operation): Promise<Answer[]> {
      if (output?.inlinedResponses) return output.inlinedResponses.inlinedResponses;
      const text = await raw(output?.responsesFile);
      return text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
  };
}
