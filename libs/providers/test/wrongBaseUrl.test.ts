import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { ProviderTrouble, type BatchProvider } from "@granary/domain";
import { anthropicProvider, geminiProvider, openaiProvider } from "../src/index.ts";
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

/** A 404 of the provider's own. */
const ownRefusal = (response: ServerResponse) => sendJson(response, 404, { error: { message: "no" } });

type Call = (provider: BatchProvider) => Promise<unknown>;

/** A provider, and its calls by name. */
interface Subject {
  readonly at: (url: string) => BatchProvider;
  readonly calls: Readonly<Record<string, Call>>;
  readonly create: (provider: BatchProvider) => Promise<unknown>;
}

const timeouts = { callMs: 5_000 };
const shared = { timeoutMs: 5_000, tag: "t" };

function callsOn(jobId: string, fileId: string) {
  return {
    list: (provider) => provider.list({ ...open, after: null }),
    get: (provider) => provider.get(jobId, open),
    download: (provider) => provider.download(fileId, open),
    cancel: (provider) => provider.cancel(jobId, open),
  } satisfies Record<string, Call>;
}

const onFiles = (fileId: string) =>
  ({
    upload: (provider) => provider.upload(lines(), { ...open, name: "t.jsonl" }),
    remove: (provider) => provider.remove(fileId, open),
  }) satisfies Record<string, Call>;

const SUBJECTS: Readonly<Record<string, Subject>> = {
  openai: {
    at: (baseUrl) => openaiProvider({ apiKey: KEY, baseUrl, timeouts }),
    calls: { ...callsOn("batch_1", "file-1"), ...onFiles("file-1") },
    create: (provider) =>
      provider.create({
        ...shared,
        input: { fileId: "file-1" },
        model: "gpt-4o-mini",
        endpoint: "/v1/chat/completions",
      }),
  },
  gemini: {
    at: (baseUrl) => geminiProvider({ apiKey: KEY, baseUrl, timeouts }),
    calls: { ...callsOn("batches/1", "files/1"), ...onFiles("files/1") },
    create: (provider) =>
      provider.create({
        ...shared,
        input: { fileId: "files/1" },
        model: "gemini-2.5-flash",
        endpoint: "generateContent",
      }),
  },
  anthropic: {
    at: (baseUrl) => anthropicProvider({ apiKey: KEY, baseUrl, timeouts }),
    calls: callsOn("msgbatch_1", "results:msgbatch_1"),
    create: (provider) =>
      provider.create({
        ...shared,
        input: { lines: lines(), count: 1, bytes: 2 },
        model: "claude-haiku-4-5",
        endpoint: "/v1/messages",
      }),
  },
};

/** What a call meets at a server that answers so. */
async function met({ at }: Subject, call: Call, answer: (response: ServerResponse) => void) {
  await using server = await rawServer(answer);
  return await call(at(server.url)).then(
    (value) => ({ value }),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ProviderTrouble);
      return { why: (error as ProviderTrouble).why };
    },
  );
}

const ALL = Object.entries(SUBJECTS).flatMap(([name, subject]) =>
  Object.entries(subject.calls).map(([call, run]) => [name, call, subject, run] as const),
);
const BELIEVED: Readonly<Record<string, unknown>> = {
  get: { value: null },
  download: { why: "not_found" },
  cancel: { value: false },
  remove: { value: false },
};

describe("a base URL that answers HTML", () => {
  test.each(ALL)(
    "with 200 is trouble to %s's %s, and never an answer",
    async (_name, _call, subject, run) => {
      expect(await met(subject, run, page(200))).toEqual({ why: "unavailable" });
    },
  );

  test.each(ALL)(
    "with 404 is the account's trouble to %s's %s, and no proof of absence",
    async (_name, _call, subject, run) => {
      expect(await met(subject, run, page(404))).toEqual({ why: "account" });
    },
  );

  test.each(ALL.filter(([, call]) => call in BELIEVED))(
    "is not the provider's own 404, which %s's %s believes",
    async (_name, call, subject, run) => {
      expect(await met(subject, run, ownRefusal)).toEqual(BELIEVED[call]);
    },
  );

  test.each(Object.entries(SUBJECTS))(
    "with 200 leaves a create at %s unknown; one that says no refuses it for the account, not for its lines",
    async (_name, { at, create, calls }) => {
      await using found = await rawServer(page(200));
      expect(await create(at(found.url))).toMatchObject({ type: "unknown", code: "unreadable" });
      for (const status of [400, 404, 422]) {
        await using none = await rawServer(page(status));
        expect(await create(at(none.url))).toMatchObject({ type: "refused", why: "account" });
        expect(none.requests).toHaveLength(1);
      }
      await expect(calls["list"]!(at(found.url))).rejects.toThrow("look at the account's base URL");
      expect(found.requests).toHaveLength(2);
    },
  );
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
    expect(await SUBJECTS["openai"]!.create(provider)).toMatchObject({
      type: "refused",
      why: "account",
      message: expect.stringContaining(message) as string,
    });
    await expect(provider.list({ ...open, after: null })).rejects.toMatchObject({ why: "account" });
    expect(server.requests[0]?.headers).toMatchObject({ "openai-project": "proj_1" });
  },
);
