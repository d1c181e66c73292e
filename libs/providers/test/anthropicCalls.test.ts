import { afterEach, describe, expect, test, vi } from "vitest";
import { BrokenTransfer, ProviderTrouble } from "@granary/domain";
import {
  anthropicDialect,
  anthropicProvider,
  RESULTS_ARCHIVED,
  type AnthropicOptions,
} from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "sk-ant-api03-0123456789abcdef";
const NOW = Date.parse("2026-11-23T12:00:00Z");
const open = { signal: new AbortController().signal };
const counts = (more: object = {}) => ({
  processing: 0,
  succeeded: 0,
  errored: 0,
  canceled: 0,
  expired: 0,
  ...more,
});
const batch = (id: string, more: object = {}) => ({ id, processing_status: "in_progress", ...more });

function provider(url: string, more: Partial<AnthropicOptions> = {}) {
  return anthropicProvider({
    apiKey: KEY,
    baseUrl: url.replace(/\/v1$/, ""),
    timeouts: { callMs: 5_000, idleMs: 200 },
    clock: { now: () => NOW },
    ...more,
  });
}

const troubleOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderTrouble);
  return error as ProviderTrouble;
};

/** The batch that a server tells of. */
async function seen(more: object) {
  await using server = await rawServer((response) => sendJson(response, 200, batch("b", more)));
  return await provider(server.url).get("b", open);
}

describe("the environment", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("has no say in where a call goes and what it carries", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, batch("b")));
    await using other = await rawServer((response) => sendJson(response, 200, batch("other")));
    const names = [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "ANTHROPIC_WEBHOOK_SIGNING_KEY",
      "ANTHROPIC_PROFILE",
    ];
    for (const name of names) vi.stubEnv(name, "from-the-environment");
    vi.stubEnv("ANTHROPIC_BASE_URL", other.url);
    vi.stubEnv(
      "ANTHROPIC_CUSTOM_HEADERS",
      "x-from: from-the-environment\nauthorization: from-the-environment",
    );
    vi.stubEnv("ANTHROPIC_LOG", "debug");
    await provider(server.url, { headers: { "x-own": "1" } }).get("b", open);
    expect(other.requests).toEqual([]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, "x-own": "1" });
    expect(JSON.stringify(server.requests)).not.toContain("from-the-environment");
  });

  test("does not lend its key to an account without one", () => {
    vi.stubEnv("ANTHROPIC_API_KEY", "from-the-environment");
    expect(() => anthropicProvider({ apiKey: "" })).toThrow(/API key is empty/);
  });
});

test("an account that can never work is refused at once, without its key", () => {
  expect(() => anthropicProvider({ apiKey: "sk-1\nx" })).toThrow(/^the API key is empty, or has characters/);
  expect(() => anthropicProvider({ apiKey: KEY, baseUrl: "localhost:1" })).toThrow(/no base URL/);
});

describe("a list", () => {
  test("is read a page at a time", async () => {
    await using server = await rawServer((response, { url }) =>
      sendJson(response, 200, {
        data: url.includes("after_id=b2") ? [batch("b3")] : [batch("b1"), batch("b2")],
        has_more: !url.includes("after_id=b2"),
        first_id: "b1",
        last_id: url.includes("after_id=b2") ? "b3" : "b2",
      }),
    );
    const first = await provider(server.url).list({ ...open, after: null });
    expect(first).toMatchObject({
      jobs: [
        { jobId: "b1", tag: null },
        { jobId: "b2", tag: null },
      ],
      next: "b2",
    });
    const second = await provider(server.url).list({ ...open, after: first.next });
    expect(second).toMatchObject({ jobs: [{ jobId: "b3" }], next: null });
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/v1/messages/batches?limit=1000",
      "/v1/messages/batches?limit=1000&after_id=b2",
    ]);
  });

  test.each<[string, unknown]>([
    ["a page of a proxy", "<html>"],
    ["no data", { type: "list" }],
    ["a batch without an id", { data: [{ processing_status: "ended" }], has_more: false }],
    ["more, but not where", { data: [], has_more: true }],
  ])("is no proof of absence where the answer is %s", async (_what, body) => {
    await using server = await rawServer((response) => sendJson(response, 200, body));
    const trouble = await troubleOf(provider(server.url).list({ ...open, after: null }));
    expect(trouble).toMatchObject({ why: "unavailable", code: "unreadable" });
  });

  test("stays readable with odd batches of other programs in it", async () => {
    const odd = { request_counts: 7, created_at: 5, results_url: 9, processing_status: "paused" };
    await using server = await rawServer((response) =>
      sendJson(response, 200, { data: [batch("b", odd)], has_more: false }),
    );
    expect((await provider(server.url).list({ ...open, after: null })).jobs).toMatchObject([
      { jobId: "b", status: "other", rawStatus: "paused", counts: null, files: {}, createdAt: null },
    ]);
  });

  test("at an endpoint that is not there is the account's trouble", async () => {
    await using server = await rawServer((response) => sendJson(response, 404, {}));
    expect(await troubleOf(provider(server.url).list({ ...open, after: null }))).toMatchObject({
      why: "account",
    });
  });
});

const URL_OF_RESULTS = "https://elsewhere.invalid/v1/messages/batches/b/results";
test.each<[string, object, string]>([
  ["in progress", { processing_status: "in_progress", request_counts: counts({ processing: 4 }) }, "running"],
  ["being cancelled", { processing_status: "canceling" }, "cancelling"],
  [
    "that ended with answers",
    { processing_status: "ended", request_counts: counts({ succeeded: 4 }) },
    "completed",
  ],
  [
    "whose lines all failed",
    { processing_status: "ended", request_counts: counts({ errored: 4 }) },
    "completed",
  ],
  [
    "of which a part expired",
    { processing_status: "ended", request_counts: counts({ succeeded: 3, expired: 1 }) },
    "expired",
  ],
  ["of which all expired", { processing_status: "ended", request_counts: counts({ expired: 4 }) }, "expired"],
  [
    "of which a part was cancelled",
    {
      processing_status: "ended",
      cancel_initiated_at: "2026-11-23T12:00:00Z",
      request_counts: counts({ succeeded: 3, canceled: 1 }),
    },
    "cancelled",
  ],
  [
    "of which a part was cancelled and another expired",
    {
      processing_status: "ended",
      cancel_initiated_at: "2026-11-23T12:00:00Z",
      request_counts: counts({ expired: 3, canceled: 1 }),
    },
    "cancelled",
  ],
  [
    "whose cancellation met nothing",
    {
      processing_status: "ended",
      cancel_initiated_at: "2026-11-23T12:00:00Z",
      request_counts: counts({ succeeded: 4 }),
    },
    "completed",
  ],
  ["that ended without counts", { processing_status: "ended" }, "completed"],
  ["in a status of next year", { processing_status: "paused" }, "other"],
])("a batch %s is told apart", async (_what, more, status) => {
  expect(await seen(more)).toMatchObject({ status });
});

test("a batch tells its counts, times and results", async () => {
  const job = await seen({
    processing_status: "ended",
    request_counts: counts({ succeeded: 4, errored: 3, expired: 2 }),
    created_at: "2026-11-23T10:00:00Z",
    expires_at: "2026-11-24T10:00:00Z",
    results_url: URL_OF_RESULTS,
  });
  expect(job).toMatchObject({
    counts: { total: 9, completed: 4, failed: 3 },
    createdAt: Date.parse("2026-11-23T10:00:00Z"),
    expiresAt: Date.parse("2026-11-24T10:00:00Z"),
    files: { results: "results:b" },
  });
  expect(job && anthropicDialect().settled(job)).toBe(true);
});

test("a batch that ended before it shows its results is not settled", async () => {
  const job = await seen({
    processing_status: "ended",
    request_counts: counts({ succeeded: 1 }),
    results_url: null,
  });
  expect(job?.files).toEqual({});
  expect(job && anthropicDialect().settled(job)).toBe(false);
});

async function bytesOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("a download", () => {
  test("gives the bytes as they come, from the account's own host", async () => {
    await using server = await rawServer((response) => {
      response.writeHead(200, { "content-type": "application/binary", "content-length": 5 });
      response.end("{}\r\n7");
    });
    const { bytes, length } = await provider(server.url).download("results:b", open);
    expect(length).toBe(5);
    expect(await bytesOf(bytes)).toBe("{}\r\n7");
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: "/v1/messages/batches/b/results",
      headers: { accept: "application/binary", "accept-encoding": "identity" },
    });
  });

  test.each([
    ["is cut short of its length", 9, (end: () => void) => end(), /broke after 5 bytes/],
    ["is cut inside its chunks", null, (end: () => void) => end(), /broke after 5 bytes/],
    ["stalls", 9, () => {}, /nothing arrived for 200 ms/],
  ])("that %s is broken", async (_what, length, then, message) => {
    await using server = await rawServer((response) => {
      response.writeHead(200, length === null ? {} : { "content-length": length });
      response.write("12345", () => then(() => response.destroy()));
    });
    const { bytes } = await provider(server.url).download("results:b", open);
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
    const { bytes } = await slow.download("results:b", open);
    expect(await bytesOf(bytes)).toBe("xxxxxxxx");
  });

  test.each<[string, object | null, string, string]>([
    ["of a batch that nobody knows", null, "not_found", "not_found_error"],
    [
      "shortly after the end",
      { processing_status: "ended", created_at: "2026-11-23T11:00:00Z" },
      "not_found",
      "not_found_error",
    ],
    [
      "of a batch that was archived",
      { processing_status: "ended", archived_at: "2026-11-20T11:00:00Z", created_at: "2026-11-19T00:00:00Z" },
      "unavailable",
      RESULTS_ARCHIVED,
    ],
    [
      "after 29 days",
      { processing_status: "ended", created_at: "2026-10-25T11:00:00Z" },
      "unavailable",
      RESULTS_ARCHIVED,
    ],
  ])("%s that finds nothing says why", async (_what, job, why, code) => {
    await using server = await rawServer((response, { url }) =>
      url.endsWith("/results") || !job
        ? sendJson(response, 404, { type: "error", error: { type: "not_found_error", message: "no" } })
        : sendJson(response, 200, batch("b", job)),
    );
    expect(await troubleOf(provider(server.url).download("results:b", open))).toMatchObject({ why, code });
  });

  test("of a batch whose results are no longer kept is still named, so that this is heard", async () => {
    const job = await seen({
      processing_status: "ended",
      archived_at: "2026-11-20T11:00:00Z",
      results_url: null,
    });
    expect(job?.files).toEqual({ results: "results:b" });
  });

  test("of what is no batch's results is not found", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, {}));
    expect(await troubleOf(provider(server.url).download("file-1", open))).toMatchObject({
      why: "not_found",
    });
    expect(server.requests).toEqual([]);
  });
});

test.each<[number, string, string]>([
  [429, "rate_limit_error", "limit"],
  [401, "authentication_error", "account"],
  [403, "permission_error", "account"],
  [400, "invalid_request_error", "request"],
  [408, "timeout_error", "unavailable"],
  [409, "conflict_error", "unavailable"],
  [500, "api_error", "unavailable"],
  [529, "overloaded_error", "unavailable"],
])("a call answered with %s %s is in trouble for its %s", async (status, type, why) => {
  await using server = await rawServer((response) =>
    sendJson(
      response,
      status,
      { type: "error", error: { type, message: `no ${KEY}` } },
      { "retry-after": "3" },
    ),
  );
  const trouble = await troubleOf(provider(server.url).get("b", open));
  expect(trouble).toMatchObject({ why, code: type, retryAfterMs: 3_000, message: "no [redacted]" });
  expect(trouble.cause).toBeInstanceOf(Error);
  expect(server.requests).toHaveLength(1);
});

test("neither an error nor its causes show the key or a header's value", async () => {
  await using server = await rawServer((response) =>
    sendJson(response, 400, { type: "error", error: { type: KEY, message: `${KEY} and secret-header` } }),
  );
  const trouble = await troubleOf(
    provider(server.url, { headers: { "x-secret": "secret-header" } }).get("b", open),
  );
  let told = "";
  for (let at: unknown = trouble; at instanceof Error; at = at.cause)
    told += `${JSON.stringify(at, Object.getOwnPropertyNames(at))}${String(at)}`;
  expect(told).toContain("[redacted]");
  expect(told).not.toContain(KEY);
  expect(told).not.toContain("secret-header");
});

test("a batch that nobody knows is none", async () => {
  await using server = await rawServer((response) => sendJson(response, 404, {}));
  expect(await provider(server.url).get("b", open)).toBeNull();
});

test("a call that the caller stops throws the caller's reason, and one without an answer ends after its time", async () => {
  const stop = new AbortController();
  await using server = await rawServer(() => stop.abort(new Error("stopped")));
  await expect(provider(server.url).get("b", { signal: stop.signal })).rejects.toThrow("stopped");
  const call = provider(server.url, { timeouts: { callMs: 50 } }).get("b", open);
  expect(await troubleOf(call)).toMatchObject({ why: "unavailable" });
});

/** What becomes of a cancellation that is answered with a status, of a batch that is in a state. */
async function cancelOf(status: number, type: string, job: object | null): Promise<boolean> {
  await using server = await rawServer((response, { method }) => {
    if (method === "POST" && status !== 200) sendJson(response, status, { error: { type, message: "no" } });
    else sendJson(response, job ? 200 : 404, job ? batch("b", job) : {});
  });
  const cancelled = await provider(server.url).cancel("b", open);
  expect(server.requests[0]).toMatchObject({ method: "POST", url: "/v1/messages/batches/b/cancel" });
  return cancelled;
}

const ended = { processing_status: "ended", request_counts: counts({ succeeded: 1 }) };
describe("a cancellation", () => {
  test.each<[string, number, string, object | null, boolean]>([
    ["accepted", 200, "", { processing_status: "canceling" }, true],
    [
      "accepted and done",
      200,
      "",
      { processing_status: "ended", request_counts: counts({ canceled: 1 }) },
      true,
    ],
    ["too late, and not refused", 200, "", ended, false],
    ["refused because the batch has ended", 400, "invalid_request_error", ended, false],
    [
      "refused because the batch is being cancelled",
      409,
      "conflict_error",
      { processing_status: "canceling" },
      true,
    ],
    ["of a batch that is not known", 404, "not_found_error", null, false],
    ["refused of a batch that vanished", 409, "conflict_error", null, false],
  ])("that is %s", async (_what, status, type, job, expected) => {
    expect(await cancelOf(status, type, job)).toBe(expected);
  });

  test.each([
    [400, "invalid_request_error"],
    [409, "conflict_error"],
    [500, "api_error"],
    [429, "rate_limit_error"],
  ])("that fails with %s %s though the batch runs is in trouble", async (status, type) => {
    expect((await troubleOf(cancelOf(status, type, { processing_status: "in_progress" }))).code).toBe(type);
  });
});

test("there is nothing to remove", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, {}));
  expect(await provider(server.url).remove("results:b", open)).toBe(false);
  expect(server.requests).toEqual([]);
});
