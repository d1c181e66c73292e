import { afterEach, describe, expect, test, vi } from "vitest";
import { BrokenTransfer, ProviderTrouble } from "@granary/domain";
import { geminiProvider, readLines, type GeminiOptions } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "AIzaSyTest0123456789abcdefghijklmnopqrs";
const open = { signal: new AbortController().signal };
const job = (id: string, metadata: object = {}, more: object = {}) => ({
  name: `batches/${id}`,
  metadata: { state: "BATCH_STATE_RUNNING", ...metadata },
  ...more,
});

function provider(url: string, more: Partial<GeminiOptions> = {}) {
  const baseUrl = url.replace(/\/v1$/, "");
  return geminiProvider({ apiKey: KEY, baseUrl, timeouts: { callMs: 5_000, idleMs: 200 }, ...more });
}

const troubleOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderTrouble);
  return error as ProviderTrouble;
};

/** The job that a server tells of. */
async function seen(body: object) {
  await using server = await rawServer((response) => sendJson(response, 200, body));
  return await provider(server.url).get("batches/b", open);
}

describe("the environment", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("has no say in where a call goes and what it carries", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, job("b")));
    await using other = await rawServer((response) => sendJson(response, 200, job("other")));
    for (const name of ["GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"])
      vi.stubEnv(name, "from-the-environment");
    vi.stubEnv("GOOGLE_GENAI_USE_VERTEXAI", "true");
    vi.stubEnv("GOOGLE_GENAI_API_VERSION", "beta");
    vi.stubEnv("GOOGLE_GEMINI_BASE_URL", other.url);
    await provider(server.url, { headers: { "x-own": "1" } }).get("batches/b", open);
    expect(other.requests).toEqual([]);
    expect(server.requests[0]).toMatchObject({
      url: "/v1/batches/b",
      headers: { "x-goog-api-key": KEY, "x-own": "1" },
    });
    expect(JSON.stringify(server.requests)).not.toContain("from-the-environment");
  });

  test("does not lend its key to an account without one", () => {
    vi.stubEnv("GEMINI_API_KEY", "from-the-environment");
    expect(() => geminiProvider({ apiKey: "" })).toThrow(/API key is empty/);
  });
});

test("an account that can never work is refused at once, without its key", () => {
  expect(() => geminiProvider({ apiKey: "key 1" })).toThrow(/^the API key is empty, or has characters/);
  expect(() => geminiProvider({ apiKey: "auth_tokens/1" })).toThrow(
    /^the API key is a token for live sessions/,
  );
  expect(() => geminiProvider({ apiKey: KEY, baseUrl: "localhost:1" })).toThrow(/no base URL/);
});

test("another version of the API can be asked for", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, job("b")));
  await provider(server.url, { apiVersion: "v1beta" }).get("batches/b", open);
  expect(server.requests[0]?.url).toBe("/v1beta/batches/b");
});

const minute = (number: number) => ({ createTime: `2026-11-23T12:${String(number).padStart(2, "0")}:00Z` });

describe("a list", () => {
  test("is read a page at a time", async () => {
    await using server = await rawServer((response, { url }) =>
      sendJson(
        response,
        200,
        url.includes("pageToken=p2")
          ? { operations: [job("b3", minute(1))] }
          : { operations: [job("b1", minute(3)), job("b2", minute(2))], nextPageToken: "p2" },
      ),
    );
    const first = await provider(server.url).list({ ...open, after: null });
    expect(first).toMatchObject({ jobs: [{ jobId: "batches/b1" }, { jobId: "batches/b2" }], next: "p2" });
    const second = await provider(server.url).list({ ...open, after: first.next });
    expect(second).toMatchObject({ jobs: [{ jobId: "batches/b3" }], next: null });
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/v1/batches?pageSize=50",
      "/v1/batches?pageSize=50&pageToken=p2",
    ]);
  });

  test("in another order is read to its end before it is handed on, so that nobody stops too early", async () => {
    const pages: Record<string, object> = {
      "": { operations: [job("old", minute(1)), job("newer", minute(2))], nextPageToken: "p2" },
      p2: { operations: [job("newest", minute(9))], nextPageToken: "p3" },
      p3: { operations: [job("oldest", minute(0))] },
    };
    await using server = await rawServer((response, { url }) =>
      sendJson(response, 200, pages[/pageToken=(\w+)/.exec(url)?.[1] ?? ""]),
    );
    const { jobs, next } = await provider(server.url).list({ ...open, after: null });
    expect(jobs.map(({ jobId }) => jobId)).toEqual(
      ["newest", "newer", "old", "oldest"].map((id) => `batches/${id}`),
    );
    expect(next).toBeNull();
  });

  test("is empty where the answer is, and only then", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, {}));
    expect(await provider(server.url).list({ ...open, after: null })).toEqual({ jobs: [], next: null });
  });

  test.each<[string, unknown]>([
    ["a page of a proxy", "<html>"],
    ["something else", { object: "list", data: [] }],
    ["an error that says it went well", { error: { code: 500 } }],
    ["operations that are no list", { operations: {} }],
    ["a job without a name", { operations: [{ metadata: {} }] }],
  ])("is no proof of absence where the answer is %s", async (_what, body) => {
    await using server = await rawServer((response) => sendJson(response, 200, body));
    const trouble = await troubleOf(provider(server.url).list({ ...open, after: null }));
    expect(trouble).toMatchObject({ why: "unavailable", code: "unreadable" });
  });

  test("stays readable with odd jobs of other programs in it", async () => {
    const odd = { batchStats: 7, createTime: "today", inputConfig: "x", output: [], displayName: 3 };
    await using server = await rawServer((response) =>
      sendJson(response, 200, {
        operations: [job("b", odd), { name: "batches/c", metadata: "x", error: 1 }],
      }),
    );
    expect((await provider(server.url).list({ ...open, after: null })).jobs).toMatchObject([
      { jobId: "batches/b", tag: null, status: "running", counts: null, errors: [], createdAt: null },
      { jobId: "batches/c", status: "other", files: {} },
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
  ["QUEUED", "waiting"],
  ["PENDING", "waiting"],
  ["PAUSED", "waiting"],
  ["RUNNING", "running"],
  ["UPDATING", "running"],
  ["CANCELLING", "cancelling"],
  ["SUCCEEDED", "completed"],
  ["PARTIALLY_SUCCEEDED", "completed"],
  ["FAILED", "failed"],
  ["CANCELLED", "cancelled"],
  ["EXPIRED", "expired"],
  ["UNSPECIFIED", "other"],
  ["DREAMING", "other"],
  ["constructor", "other"],
])("the state %s is %s in both spellings", async (name, status) => {
  for (const rawStatus of [`JOB_STATE_${name}`, `BATCH_STATE_${name}`])
    expect(await seen(job("b", { state: rawStatus }))).toMatchObject({ rawStatus, status });
});

test.each([
  ["failed", { done: true, error: { code: 13, message: "no" } }],
  ["cancelled", { done: true, error: { code: 1, message: "no" } }],
  ["completed", { done: true, response: { responsesFile: "files/o" } }],
  ["other", { done: false }],
])("an operation without a state is %s by what became of it", async (status, more) => {
  expect(await seen({ name: "batches/b", ...more })).toMatchObject({ status });
});

test("a job tells its counts, its tag and why it failed", async () => {
  const metadata = {
    state: "BATCH_STATE_FAILED",
    displayName: "gr1234-abc",
    batchStats: {
      requestCount: "7",
      successfulRequestCount: "4",
      failedRequestCount: 3,
      pendingRequestCount: "0",
    },
  };
  expect(await seen(job("b", metadata, { error: { code: 8, message: "Enqueued tokens" } }))).toMatchObject({
    tag: "gr1234-abc",
    counts: { total: 7, completed: 4, failed: 3 },
    errors: [{ code: "RESOURCE_EXHAUSTED", message: "Enqueued tokens", line: null }],
  });
});

const LONG = `files/batch-${"a1b2c3d4".repeat(8)}`;
const answers = [{ metadata: { key: "t-1" }, response: { candidates: [] } }];
test.each<[string, object, object, string | undefined]>([
  ["a file in the response", {}, { response: { responsesFile: LONG } }, LONG],
  ["a file in the metadata", { output: { responsesFile: LONG } }, {}, LONG],
  [
    "answers in the response",
    {},
    { response: { inlinedResponses: { inlinedResponses: answers } } },
    "inline:batches/b",
  ],
  [
    "answers in the metadata",
    { output: { inlinedResponses: { inlinedResponses: answers } } },
    {},
    "inline:batches/b",
  ],
  ["an empty file name", { output: { responsesFile: "" } }, {}, undefined],
  ["no output", {}, {}, undefined],
])("results are found where they are %s", async (_what, metadata, more, results) => {
  expect((await seen(job("b", metadata, more)))?.files).toEqual(results === undefined ? {} : { results });
});

async function bytesOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("inline answers are downloaded as lines, with their keys first and all their fields", async () => {
  const inlinedResponses = [
    { response: { candidates: [], novelty: 1 }, metadata: { key: "t-1", other: "x" } },
    { error: { code: 3, message: "a\nb" }, metadata: { key: "t-0" } },
    { response: {} },
  ];
  await using server = await rawServer((response) =>
    sendJson(response, 200, job("b", {}, { response: { inlinedResponses: { inlinedResponses } } })),
  );
  const { bytes, length } = await provider(server.url).download("inline:batches/b", open);
  const lines: unknown[] = [];
  let total = 0;
  for await (const batch of readLines(bytes))
    for (const { text, length: size } of batch) {
      total += size + 1;
      lines.push(JSON.parse(text ?? ""));
    }
  expect(length).toBe(total);
  expect(lines).toEqual([
    { key: "t-1", ...inlinedResponses[0] },
    { key: "t-0", ...inlinedResponses[1] },
    inlinedResponses[2],
  ]);
  expect(server.requests[0]).toMatchObject({ method: "GET", url: "/v1/batches/b" });
});

test("inline answers that are not there (any more) are not found, and cannot be removed", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, job("b")));
  expect(await troubleOf(provider(server.url).download("inline:batches/b", open))).toMatchObject({
    why: "not_found",
  });
  expect(await provider(server.url).remove("inline:batches/b", open)).toBe(false);
  expect(server.requests.map(({ method }) => method)).toEqual(["GET"]);
});

describe("a download", () => {
  test("of a file with a long id gives the bytes and their number, not packed", async () => {
    await using server = await rawServer((response) => {
      response.writeHead(200, { "content-length": 5 });
      response.end("12345");
    });
    const { bytes, length } = await provider(server.url, { headers: { "x-own": "1" } }).download(LONG, open);
    expect(length).toBe(5);
    expect(await bytesOf(bytes)).toBe("12345");
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: `/v1/${LONG}:download?alt=media`,
      headers: { "x-goog-api-key": KEY, "x-own": "1", "accept-encoding": "identity" },
    });
  });

  test.each([
    ["is cut", (end: () => void) => end(), /broke after 5 bytes/],
    ["stalls", () => {}, /nothing arrived for 200 ms/],
  ])("that %s is broken", async (_what, then, message) => {
    await using server = await rawServer((response) => {
      response.writeHead(200, { "content-length": 9 });
      response.write("12345", () => then(() => response.destroy()));
    });
    const { bytes } = await provider(server.url).download("files/o", open);
    const error: unknown = await bytesOf(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BrokenTransfer);
    expect((error as Error).message).toMatch(message);
  });

  test("may take longer than a call, as long as something comes", async () => {
    await using server = await rawServer((response) => {
      response.writeHead(200, { "content-length": 8 });
      let sent = 0;
      const timer = setInterval(() => {
        sent += 1;
        response.write("x");
        if (sent < 8) return;
        clearInterval(timer);
        response.end();
      }, 40);
    });
    const slow = provider(server.url, { timeouts: { callMs: 150, idleMs: 2_000 } });
    const { bytes } = await slow.download("files/o", open);
    expect(await bytesOf(bytes)).toBe("xxxxxxxx");
  });

  test.each([
    [404, "Requested entity was not found.", "not_found"],
    [403, "You do not have permission to access the File o or it may not exist.", "not_found"],
    [403, "Permission denied on the project.", "account"],
    [302, "", "unavailable"],
  ])("that is answered with %s %s is in trouble: %s", async (status, message, why) => {
    await using other = await rawServer((response) => sendJson(response, 200, {}));
    await using server = await rawServer((response) =>
      sendJson(response, status, { error: { code: status, message } }, { location: other.url }),
    );
    expect(await troubleOf(provider(server.url).download("files/o", open))).toMatchObject({ why });
    expect(other.requests).toEqual([]);
  });

  test("that the caller stops ends with the caller's reason", async () => {
    const stop = new AbortController();
    await using server = await rawServer((response) => {
      response.writeHead(200, { "content-length": 9 });
      response.write("12345");
    });
    const { bytes } = await provider(server.url, { timeouts: { idleMs: 5_000 } }).download("files/o", {
      signal: stop.signal,
    });
    const read = bytesOf(bytes);
    stop.abort(new Error("stopped"));
    await expect(read).rejects.toThrow("stopped");
  });
});

test.each<[number, string, string]>([
  [429, "RESOURCE_EXHAUSTED", "limit"],
  [401, "UNAUTHENTICATED", "account"],
  [403, "PERMISSION_DENIED", "account"],
  [400, "INVALID_ARGUMENT", "request"],
  [400, "FAILED_PRECONDITION", "account"],
  [408, "DEADLINE_EXCEEDED", "unavailable"],
  [409, "ABORTED", "unavailable"],
  [499, "CANCELLED", "unavailable"],
  [500, "INTERNAL", "unavailable"],
  [503, "UNAVAILABLE", "unavailable"],
])("a call answered with %s %s is in trouble for its %s", async (status, name, why) => {
  await using server = await rawServer((response) =>
    sendJson(
      response,
      status,
      { error: { code: status, status: name, message: `no ${KEY}` } },
      { "retry-after": "3" },
    ),
  );
  const trouble = await troubleOf(provider(server.url).get("batches/b", open));
  expect(trouble).toMatchObject({ why, code: name, retryAfterMs: 3_000, message: "no [redacted]" });
  expect(trouble.cause).toBeInstanceOf(Error);
  expect(server.requests).toHaveLength(1);
});

test("neither an error nor its causes show the key or a header's value", async () => {
  await using server = await rawServer((response) =>
    sendJson(response, 400, { error: { status: KEY, message: `${KEY} and secret-header` } }),
  );
  const trouble = await troubleOf(
    provider(server.url, { headers: { "x-secret": "secret-header" } }).get("batches/b", open),
  );
  let told = "";
  for (let at: unknown = trouble; at instanceof Error; at = at.cause)
    told += `${JSON.stringify(at, Object.getOwnPropertyNames(at))}${String(at)}`;
  expect(told).toContain("[redacted]");
  expect(told).not.toContain(KEY);
  expect(told).not.toContain("secret-header");
});

test("a job that nobody knows is none, and one that has no name of a job neither", async () => {
  await using server = await rawServer((response) =>
    sendJson(response, 404, { error: { status: "NOT_FOUND" } }),
  );
  expect(await provider(server.url).get("batches/b", open)).toBeNull();
  expect(await provider(server.url).get("batch_b", open)).toBeNull();
  expect(await provider(server.url).cancel("batch_b", open)).toBe(false);
  expect(server.requests).toHaveLength(1);
});

test("a call that the caller stops throws the caller's reason", async () => {
  const stop = new AbortController();
  await using server = await rawServer(() => stop.abort(new Error("stopped")));
  await expect(provider(server.url).get("batches/b", { signal: stop.signal })).rejects.toThrow("stopped");
});

test("a call without an answer ends after its time", async () => {
  await using server = await rawServer(() => {});
  const call = provider(server.url, { timeouts: { callMs: 50 } }).get("batches/b", open);
  expect(await troubleOf(call)).toMatchObject({ why: "unavailable" });
});

/** What becomes of a cancellation that is answered with a status, of a job that is in a state. */
async function cancelOf(status: number, name: string, state: string | null): Promise<boolean> {
  await using server = await rawServer((response, { method }) => {
    if (method === "POST")
      sendJson(response, status, status === 200 ? {} : { error: { status: name, message: "no" } });
    else sendJson(response, state ? 200 : 404, state ? job("b", { state }) : {});
  });
  const cancelled = await provider(server.url).cancel("batches/b", open);
  expect(server.requests[0]).toMatchObject({ method: "POST", url: "/v1/batches/b:cancel" });
  return cancelled;
}

describe("a cancellation", () => {
  test.each<[string, number, string, string | null, boolean]>([
    ["accepted", 200, "", "BATCH_STATE_RUNNING", true],
    ["accepted and done", 200, "", "BATCH_STATE_CANCELLED", true],
    ["too late, and not refused", 200, "", "BATCH_STATE_SUCCEEDED", false],
    ["accepted of a job that vanished", 200, "", null, false],
    ["refused because the job has ended", 400, "FAILED_PRECONDITION", "BATCH_STATE_SUCCEEDED", false],
    ["refused because the job is being cancelled", 400, "INVALID_ARGUMENT", "JOB_STATE_CANCELLING", true],
    ["of a job that is not known", 404, "NOT_FOUND", null, false],
  ])("that is %s", async (_what, status, name, state, expected) => {
    expect(await cancelOf(status, name, state)).toBe(expected);
  });

  test.each([
    [400, "INVALID_ARGUMENT"],
    [400, "FAILED_PRECONDITION"],
    [500, "INTERNAL"],
    [429, "RESOURCE_EXHAUSTED"],
  ])("that fails with %s %s though the job runs is in trouble", async (status, name) => {
    expect((await troubleOf(cancelOf(status, name, "BATCH_STATE_RUNNING"))).code).toBe(name);
  });
});

test("a file is removed, and one that is gone was", async () => {
  await using server = await rawServer((response, { url }) =>
    url.endsWith("1")
      ? sendJson(response, 200, {})
      : sendJson(response, 403, {
          error: {
            status: "PERMISSION_DENIED",
            message: "You do not have permission to access the File 2 or it may not exist.",
          },
        }),
  );
  expect(await provider(server.url).remove("files/1", open)).toBe(true);
  expect(await provider(server.url).remove("files/2", open)).toBe(false);
  expect(server.requests[0]).toMatchObject({ method: "DELETE", url: "/v1/files/1" });
});
