import Anthropic from "@anthropic-ai/sdk";
import type { ScenarioInput } from "../src/index.ts";
import { openSimulator, until } from "./rig.ts";

/** A request of a batch. */
export function request(customId: string, content: unknown = "hello", params: object = {}) {
  return {
    custom_id: customId,
    params: {
      model: "claude-sonnet-4-5",
      max_tokens: 1_000,
      messages: [{ role: "user", content }],
      ...params,
    },
  };
}

/** One line of the results, as far as the tests look at it. */
export interface ResultLine {
  custom_id: string;
  result: {
    type: string;
    message?: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
    error?: { type: string; error: { type: string; message: string }; request_id: string };
  };
}

/** A simulator with the official SDK before it, and with plain HTTP for what the SDK would not send. */
export async function openAnthropicRig(scenario: ScenarioInput = {}) {
  const simulator = await openSimulator(scenario);
  const root = `${simulator.url}/anthropic`;
  const sdkFor = (apiKey: string) => new Anthropic({ apiKey, baseURL: root, maxRetries: 0, timeout: 5_000 });
  const sdk = sdkFor("sk-ant-test");
  const { batches } = sdk.messages;

  async function send(path: string, init: RequestInit = {}) {
    const response = await fetch(path.startsWith("http") ? path : root + path, {
      ...init,
      headers: { "x-api-key": "sk-ant-test", "anthropic-version": "2026-10-21", ...(init.headers as object) },
    });
    const text = await response.text();
    let body: any = null; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
    try {
      body = JSON.parse(text);
    } catch {
      // Results are no JSON.
    }
    return { status: response.status, headers: response.headers, text, body };
  }
  const create = (requests: readonly object[]) => batches.create({ requests: requests as never });
  const ended = (id: string) =>
    until(async () => {
      const batch = await batches.retrieve(id);
      return batch.processing_status === "ended" && batch;
    });
  const raw = async (id: string) => (await send(`/v1/messages/batches/${id}/results`)).text;
  return {
    ...simulator,
    root,
    sdk,
    sdkFor,
    batches,
    send,
    post: (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      send("/v1/messages/batches", {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      }),
    create,
    ended,
    raw,
    run: async (requests: readonly object[]) => ended((await create(requests)).id),
    async results(id: string): Promise<ResultLine[]> {
      return (await raw(id))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
  };
}
