import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { CreateAnswer } from "@granary/domain";
import { INPUT_FILE_GONE, openaiProvider } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "sk-test-0123456789abcdef";
const NOW = Date.parse("2026-11-23T12:00:00Z");
const batch = {
  id: "batch_1",
  object: "batch",
  status: "validating",
  input_file_id: "file-1",
  output_file_id: null,
  created_at: 1_700_000_000,
  expires_at: 1_700_086_400,
  metadata: { granary_tag: "t-1" },
  errors: null,
  request_counts: { total: 0, completed: 0, failed: 0 },
  error_file_id: "",
};

function create(baseUrl: string, timeoutMs = 5_000): Promise<CreateAnswer> {
  const provider = openaiProvider({ apiKey: KEY, baseUrl, clock: { now: () => NOW } });
  const job = {
    tag: "t-1",
    input: { fileId: "file-1" },
    model: "gpt-4o-mini",
    endpoint: "/v1/chat/completions",
  };
  return provider.create({ ...job, timeoutMs });
}

const error =
  (status: number, code: string | null, message = "no", more: { type?: string; headers?: object } = {}) =>
  (response: ServerResponse) =>
    sendJson(
      response,
      status,
      { error: { code, message, type: more.type ?? "invalid_request_error", param: null } },
      more.headers,
    );
const page = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "text/html" });
  response.end("<html>no</html>");
};

test("a create sends the job once and answers with it", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, batch));
  expect(await create(server.url)).toEqual({
    type: "created",
    job: {
      jobId: "batch_1",
      tag: "t-1",
      rawStatus: "validating",
      status: "waiting",
      inputFileId: "file-1",
      counts: { total: 0, completed: 0, failed: 0 },
      files: {},
      errors: [],
      usage: null,
      createdAt: 1_700_000_000_000,
      expiresAt: 1_700_086_400_000,
    },
  });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({ method: "POST", url: "/v1/batches" });
  expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
    input_file_id: "file-1",
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: { granary_tag: "t-1" },
  });
});

type Row = [string, (response: ServerResponse) => void, Partial<CreateAnswer>];
const refused = (
  why: "limit" | "account" | "request" | "unreachable",
  code: string,
): Partial<CreateAnswer> => ({
  type: "refused",
  why,
  code,
});
const unknown = (code: string): Partial<CreateAnswer> => ({ type: "unknown", code });

describe("the closed list of answers", () => {
  test.each<Row>([
    ["429", error(429, "rate_limit_exceeded"), refused("limit", "rate_limit_exceeded")],
    ["429 without a code", error(429, null), refused("limit", "429")],
    ["429 from a proxy", page(429), refused("limit", "429")],
    ["429 for the quota", error(429, "insufficient_quota"), refused("account", "insufficient_quota")],
    [
      "429 of type quota",
      error(429, null, "no", { type: "insufficient_quota" }),
      refused("account", "insufficient_quota"),
    ],
    ["400 for enqueued tokens", error(400, "token_limit_exceeded"), refused("limit", "token_limit_exceeded")],
    [
      "400 for the bill",
      error(400, "billing_hard_limit_reached"),
      refused("account", "billing_hard_limit_reached"),
    ],
    ["401", error(401, "invalid_api_key"), refused("account", "invalid_api_key")],
    ["402", error(402, null), refused("account", "402")],
    ["403", error(403, null), refused("account", "403")],
    ["404 of the endpoint", error(404, null, "Invalid URL (POST /v1/batches)"), refused("account", "404")],
    ["404 from a proxy", page(404), refused("account", "404")],
    ["404 of the model", error(404, "model_not_found"), refused("request", "model_not_found")],
    [
      "404 of the file",
      error(404, null, "No such File object: file-1"),
      refused("unreachable", INPUT_FILE_GONE),
    ],
    [
      "400 of the file",
      error(400, null, "No such File object: file-1"),
      refused("unreachable", INPUT_FILE_GONE),
    ],
    [
      "400 of an expired file",
      error(400, "x", "The file has expired"),
      refused("unreachable", INPUT_FILE_GONE),
    ],
    ["400", error(400, "invalid_endpoint"), refused("request", "invalid_endpoint")],
    [
      "400 for the file's form",
      error(400, null, "Invalid file format for Batch API. Must be .jsonl"),
      refused("request", "400"),
    ],
    ["413", page(413), refused("request", "413")],
    ["422", error(422, null), refused("request", "422")],
    ["405", page(405), unknown("405")],
    ["408", error(408, null), unknown("408")],
    ["409", error(409, null), unknown("409")],
    ["425", error(425, null), unknown("425")],
    ["500", error(500, "server_error"), unknown("server_error")],
    ["502", page(502), unknown("502")],
    ["503", error(503, "rate_limit_exceeded"), unknown("rate_limit_exceeded")],
    ["529", error(529, null), unknown("529")],
    ["a redirect", (response) => response.writeHead(307, { location: "/v1/batches" }).end(), unknown("307")],
    ["an answer that is a page", page(200), unknown("unreadable")],
    [
      "an answer without an id",
      (response) => sendJson(response, 200, { ...batch, id: undefined }),
      unknown("unreadable"),
    ],
    ["an answer that is empty", (response) => response.writeHead(200).end(), unknown("unreadable")],
    ["no content", (response) => response.writeHead(204).end(), unknown("unreadable")],
    ["a reset before the answer", (response) => response.destroy(), unknown("UND_ERR_SOCKET")],
    [
      "a reset inside the answer",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
        response.write('{"id":"batch_1",', () => response.destroy());
      },
      unknown("UND_ERR_SOCKET"),
    ],
  ])("%s", async (_what, answer, expected) => {
    await using server = await rawServer(answer);
    const given = await create(server.url);
    expect(given).toMatchObject(expected);
    expect(given.type === "created" ? "" : given.message).not.toBe("");
    expect(server.requests).toHaveLength(1);
  });
});

test.each([
  ["before the answer", () => {}],
  [
    "inside the answer",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"id":');
    },
  ],
])("a server that falls silent %s leaves it unknown after the time-out", async (_when, answer) => {
  await using server = await rawServer(answer);
  expect(await create(server.url, 100)).toMatchObject({
    type: "unknown",
    message: expect.stringMatching(/time|abort/i) as string,
  });
  expect(server.requests).toHaveLength(1);
});

test("nobody listening is unreachable", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  for (const host of ["127.0.0.1", "localhost"])
    expect(await create(`http://${host}:${port}/v1`)).toMatchObject(refused("unreachable", "ECONNREFUSED"));
});

test("a name that does not exist is unreachable", async () => {
  const answer = await create("http://granary.invalid/v1");
  expect(answer).toMatchObject({
    type: "refused",
    why: "unreachable",
    code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string,
  });
});

test("a connection that is closed at once leaves it unknown", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await create(`http://127.0.0.1:${port}/v1`)).toMatchObject({ type: "unknown" });
  server.close();
});

test.each<[string, object, number | undefined]>([
  ["seconds", { "retry-after": "7" }, 7_000],
  ["milliseconds", { "retry-after-ms": "250", "retry-after": "7" }, 250],
  ["a date", { "retry-after": "Mon, 23 Nov 2026 12:01:00 GMT" }, 60_000],
  ["a date that is over", { "retry-after": "Mon, 23 Nov 2026 11:00:00 GMT" }, 0],
  ["more than a day", { "retry-after": "1000000" }, 86_400_000],
  [
    "the limit that is used up",
    { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s" },
    360_000,
  ],
  [
    "both limits",
    {
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "20ms",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "1.5s",
    },
    1_500,
  ],
  ["a limit with room", { "x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m" }, undefined],
  ["nothing that can be read", { "retry-after": "soon" }, undefined],
  ["nothing", {}, undefined],
])("a refusal tells how long to wait: %s", async (_what, headers, retryAfterMs) => {
  await using server = await rawServer(error(429, null, "no", { headers }));
  const answer = await create(server.url);
  expect(answer.type === "refused" && answer.retryAfterMs).toBe(retryAfterMs);
});

test("no answer shows the key", async () => {
  await using server = await rawServer(error(401, `code-${KEY}`, `Incorrect API key provided: ${KEY}.`));
  const answer = await create(server.url);
  expect(answer).toMatchObject({
    type: "refused",
    message: expect.stringContaining("provided: [redacted]") as string,
  });
  expect(JSON.stringify(answer)).not.toContain(KEY);
});
