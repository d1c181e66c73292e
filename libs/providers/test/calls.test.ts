import { afterEach, describe, expect, test, vi } from "vitest";
import { ProviderTrouble } from "@granary/domain";
import { openaiProvider, type OpenAIOptions } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "sk-test-0123456789abcdef";
const open = { signal: new AbortController().signal };
const batch = (id: string, more: object = {}) => ({ id, status: "in_progress", ...more });

function provider(baseUrl: string, more: Partial<OpenAIOptions> = {}) {
  return openaiProvider({ apiKey: KEY, baseUrl, timeouts: { callMs: 5_000, idleMs: 200 }, ...more });
}

const troubleOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderTrouble);
  return error as ProviderTrouble;
};

describe("the environment", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("has no say in where a call goes and what it carries", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, batch("b")));
    await using other = await rawServer((response) => sendJson(response, 200, batch("other")));
    const names = ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"];
    for (const name of [...names, "OPENAI_WEBHOOK_SECRET"]) vi.stubEnv(name, "from-the-environment");
    vi.stubEnv("OPENAI_BASE_URL", other.url);
    vi.stubEnv("OPENAI_CUSTOM_HEADERS", "x-from: from-the-environment\nauthorization: from-the-environment");
    vi.stubEnv("OPENAI_LOG", "debug");
    await provider(server.url, { headers: { "x-own": "1" } }).get("b", open);
    expect(other.requests).toEqual([]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, "x-own": "1" });
    expect(JSON.stringify(server.requests)).not.toContain("from-the-environment");
    expect(server.requests[0]?.headers).not.toHaveProperty("openai-organization");
  });

  test("does not lend its key to an account without one", () => {
    vi.stubEnv("OPENAI_API_KEY", "from-the-environment");
    expect(() => openaiProvider({ apiKey: "" })).toThrow(/API key is empty/);
  });
});

test("an account's organization and project are sent", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, batch("b")));
  await provider(server.url, { organization: "org-1", project: "proj-1" }).get("b", open);
  expect(server.requests[0]?.headers).toMatchObject({
    "openai-organization": "org-1",
    "openai-project": "proj-1",
  });
});

test("an account that can never work is refused at once, without its key", () => {
  expect(() => openaiProvider({ apiKey: "sk-1\nx" })).toThrow(/^the API key is empty, or has characters/);
  expect(() => openaiProvider({ apiKey: KEY, baseUrl: "localhost:1" })).toThrow(/no base URL/);
});

describe("a list", () => {
  test("is read a page at a time", async () => {
    await using server = await rawServer((response, { url }) =>
      sendJson(response, 200, {
        data: url.includes("after=b2") ? [batch("b3")] : [batch("b1"), batch("b2")],
        has_more: !url.includes("after=b2"),
      }),
    );
    const first = await provider(server.url).list({ ...open, after: null });
    expect(first).toMatchObject({ jobs: [{ jobId: "b1" }, { jobId: "b2" }], next: "b2" });
    const second = await provider(server.url).list({ ...open, after: first.next });
    expect(second).toMatchObject({ jobs: [{ jobId: "b3" }], next: null });
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/v1/batches?limit=100",
      "/v1/batches?limit=100&after=b2",
    ]);
  });

  test("that does not say whether there is more goes on after a full page", async () => {
    const data = Array.from({ length: 100 }, (_none, at) => batch(`b${at}`));
    await using server = await rawServer((response) => sendJson(response, 200, { data }));
    expect((await provider(server.url).list({ ...open, after: null })).next).toBe("b99");
  });

  test.each<[string, unknown]>([
    ["a page of a proxy", "<html>"],
    ["no data", { object: "list" }],
    ["a job without an id", { data: [{ status: "completed" }], has_more: false }],
    ["more, but not where", { data: [], has_more: true }],
  ])("is no proof of absence where the answer is %s", async (_what, body) => {
    await using server = await rawServer((response) => sendJson(response, 200, body));
    const trouble = await troubleOf(provider(server.url).list({ ...open, after: null }));
    expect(trouble).toMatchObject({ why: "unavailable", code: "unreadable" });
  });

  test("stays readable with odd jobs of other programs in it", async () => {
    const odd = { metadata: ["x"], request_counts: 7, errors: "no", usage: { input_tokens: "many" } };
    await using server = await rawServer((response) =>
      sendJson(response, 200, { data: [batch("b1", { ...odd, status: "paused", created_at: "today" })] }),
    );
    expect((await provider(server.url).list({ ...open, after: null })).jobs).toMatchObject([
      {
        jobId: "b1",
        tag: null,
        status: "other",
        rawStatus: "paused",
        counts: null,
        errors: [],
        createdAt: null,
      },
    ]);
  });

  test("at an endpoint that is not there is the account's trouble", async () => {
    await using server = await rawServer((response) => sendJson(response, 404, {}));
    expect(await troubleOf(provider(server.url).list({ ...open, after: null }))).toMatchObject({
      why: "account",
    });
  });
});

test.each([
  ["validating", "waiting"],
  ["in_progress", "running"],
  ["finalizing", "running"],
  ["cancelling", "cancelling"],
  ["completed", "completed"],
  ["failed", "failed"],
  ["expired", "expired"],
  ["cancelled", "cancelled"],
  ["constructor", "other"],
])("the status %s is %s", async (rawStatus, status) => {
  await using server = await rawServer((response) =>
    sendJson(response, 200, batch("b", { status: rawStatus })),
  );
  expect(await provider(server.url).get("b", open)).toMatchObject({ rawStatus, status });
});

test("a job tells its files, errors and usage, and empty file ids are none", async () => {
  const usage = { input_tokens: 9, output_tokens: 8, input_tokens_details: { cached_tokens: 7 } };
  const data = [{ code: "invalid_json_line", message: "no", line: 3, param: null }];
  const more = {
    output_file_id: "file-2",
    error_file_id: "",
    input_file_id: "file-1",
    errors: { data },
    usage,
  };
  await using server = await rawServer((response) => sendJson(response, 200, batch("b", more)));
  expect(await provider(server.url).get("b", open)).toMatchObject({
    files: { results: "file-2" },
    inputFileId: "file-1",
    errors: [{ code: "invalid_json_line", message: "no", line: 3 }],
    usage: { inputTokens: 9, outputTokens: 8, cachedTokens: 7, reasoningTokens: 0 },
  });
});

test.each<[number, string | null, string]>([
  [429, null, "limit"],
  [429, "insufficient_quota", "account"],
  [401, "invalid_api_key", "account"],
  [403, null, "account"],
  [400, null, "request"],
  [408, null, "unavailable"],
  [409, null, "unavailable"],
  [500, null, "unavailable"],
  [503, null, "unavailable"],
])("a call answered with %s and code %s is in trouble for its %s", async (status, code, why) => {
  await using server = await rawServer((response) =>
    sendJson(response, status, { error: { code, message: `no ${KEY}` } }, { "retry-after": "3" }),
  );
  const trouble = await troubleOf(provider(server.url).get("b", open));
  expect(trouble).toMatchObject({ why, code: code ?? String(status), retryAfterMs: 3_000 });
  expect(trouble.cause).toBeInstanceOf(Error);
  expect(server.requests).toHaveLength(1);
});

test("neither an error nor its causes show the key or a header's value", async () => {
  await using server = await rawServer((response) =>
    sendJson(response, 400, { error: { code: KEY, message: `${KEY} and secret-header` } }),
  );
  const headers = { "api-key": "secret-header" };
  const trouble = await troubleOf(provider(server.url, { headers }).get("b", open));
  let told = "";
  for (let at: unknown = trouble; at instanceof Error; at = at.cause)
    told += `${JSON.stringify(at, Object.getOwnPropertyNames(at))}${String(at)}`;
  expect(told).toContain("[redacted]");
  expect(told).not.toContain(KEY);
  expect(told).not.toContain("secret-header");
});

test("a call that the caller stops throws the caller's reason", async () => {
  const stop = new AbortController();
  await using server = await rawServer(() => stop.abort(new Error("stopped")));
  await expect(provider(server.url).get("b", { signal: stop.signal })).rejects.toThrow("stopped");
});

test("a call without an answer ends after its time", async () => {
  await using server = await rawServer(() => {});
  const call = provider(server.url, { timeouts: { callMs: 50 } }).get("b", open);
  expect(await troubleOf(call)).toMatchObject({ why: "unavailable" });
});

/** What becomes of a cancellation that is answered with a status, of a job that is in a state. */
async function cancelOf(status: number, job: object | null): Promise<boolean> {
  await using server = await rawServer((response, { method }) => {
    if (method === "POST") sendJson(response, status, status === 200 ? job : { error: { message: "no" } });
    else sendJson(response, job ? 200 : 404, job ?? {});
  });
  return await provider(server.url).cancel("b", open);
}

describe("a cancellation", () => {
  test.each<[string, number, object | null, boolean]>([
    ["accepted", 200, batch("b", { status: "cancelling" }), true],
    ["accepted and done", 200, batch("b", { status: "cancelled" }), true],
    ["too late, and not refused", 200, batch("b", { status: "completed" }), false],
    ["refused because the job has ended", 409, batch("b", { status: "completed" }), false],
    ["refused because the job is being cancelled", 400, batch("b", { status: "cancelling" }), true],
    ["of a job that is not known", 404, null, false],
    ["refused of a job that vanished", 409, null, false],
  ])("that is %s", async (_what, status, job, expected) => {
    expect(await cancelOf(status, job)).toBe(expected);
  });

  test.each([400, 409, 500, 429])("that fails with %s though the job runs is in trouble", async (status) => {
    expect((await troubleOf(cancelOf(status, batch("b")))).code).toBe(String(status));
  });
});

test("a file is removed, and one that is gone was", async () => {
  await using server = await rawServer((response, { url }) =>
    sendJson(response, url.endsWith("1") ? 200 : 404, { id: "file-1", object: "file", deleted: true }),
  );
  expect(await provider(server.url).remove("file-1", open)).toBe(true);
  expect(await provider(server.url).remove("file-2", open)).toBe(false);
  expect(server.requests[0]).toMatchObject({ method: "DELETE", url: "/v1/files/file-1" });
});
