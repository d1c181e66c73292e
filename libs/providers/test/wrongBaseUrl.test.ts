import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { ProviderTrouble, type BatchProvider } from "@granary/domain";
import { openaiProvider } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "sk-test-0123456789abcdef";
const open = { signal: new AbortController().signal };

async function* lines(): AsyncGenerator<string> {
  yield "{}";
}

/** A page as a proxy, a portal or a website sends it. */
const page = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  response.end("<!doctype html><title>Welcome</title>");
};

const CALLS: Readonly<Record<string, (provider: BatchProvider) => Promise<unknown>>> = {
  upload: (provider) => provider.upload(lines(), { ...open, name: "t.jsonl" }),
  list: (provider) => provider.list({ ...open, after: null }),
  get: (provider) => provider.get("batch_1", open),
  download: (provider) => provider.download("file-1", open),
  cancel: (provider) => provider.cancel("batch_1", open),
  remove: (provider) => provider.remove("file-1", open),
};
const create = (provider: BatchProvider) =>
  provider.create({
    tag: "t",
    input: { fileId: "file-1" },
    model: "gpt-4o-mini",
    endpoint: "/v1/chat/completions",
    timeoutMs: 5_000,
  });

/** What a call meets at a server that answers so. */
async function met(answer: (response: ServerResponse) => void, call: string) {
  await using server = await rawServer(answer);
  const provider = openaiProvider({ apiKey: KEY, baseUrl: server.url, timeouts: { callMs: 5_000 } });
  return await CALLS[call]!(provider).then(
    (value) => ({ value }),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ProviderTrouble);
      return { why: (error as ProviderTrouble).why };
    },
  );
}

describe("a base URL that answers HTML", () => {
  test.each(Object.keys(CALLS))("with 200 is trouble to %s, and never an answer", async (call) => {
    expect(await met(page(200), call)).toEqual({ why: "unavailable" });
  });

  test.each(Object.keys(CALLS))(
    "with 404 is the account's trouble to %s, and no proof of absence",
    async (call) => {
      expect(await met(page(404), call)).toEqual({ why: "account" });
    },
  );

  test.each([
    ["get", { value: null }],
    ["download", { why: "not_found" }],
    ["cancel", { value: false }],
    ["remove", { value: false }],
  ])("is not the provider's own 404, which %s believes", async (call, expected) => {
    expect(await met((response) => sendJson(response, 404, { error: { message: "no" } }), call)).toEqual(
      expected,
    );
  });

  test("with 200 leaves a create unknown, and with 404 refuses it for the account", async () => {
    await using found = await rawServer(page(200));
    expect(await create(openaiProvider({ apiKey: KEY, baseUrl: found.url }))).toMatchObject({
      type: "unknown",
      code: "unreadable",
    });
    await using none = await rawServer(page(404));
    expect(await create(openaiProvider({ apiKey: KEY, baseUrl: none.url }))).toMatchObject({
      type: "refused",
      why: "account",
    });
    await expect(
      openaiProvider({ apiKey: KEY, baseUrl: found.url }).list({ ...open, after: null }),
    ).rejects.toThrow("look at the account's base URL");
    expect([found.requests.length, none.requests.length]).toEqual([2, 1]);
  });
});

test.each([
  [401, "mismatched_organization", "OpenAI-Organization header should match organization for API key"],
  [401, "mismatched_project", "OpenAI-Project header should match project for API key"],
  [403, null, "Project proj_1 does not have access to model gpt-4o-mini"],
])(
  "the key of another project (%s %s) is the account's trouble, and creates nothing",
  async (status, code, message) => {
    await using server = await rawServer((response) =>
      sendJson(response, status, { error: { code, message, type: "invalid_request_error", param: null } }),
    );
    const provider = openaiProvider({ apiKey: KEY, baseUrl: server.url, project: "proj_1" });
    expect(await create(provider)).toMatchObject({
      type: "refused",
      why: "account",
      message: expect.stringContaining(message) as string,
    });
    await expect(provider.list({ ...open, after: null })).rejects.toMatchObject({ why: "account" });
    expect(server.requests[0]?.headers).toMatchObject({ "openai-project": "proj_1" });
  },
);
