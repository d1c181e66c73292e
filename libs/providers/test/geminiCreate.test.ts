import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { CreateAnswer, JobInput } from "@granary/domain";
import { geminiProvider, INPUT_FILE_GONE } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "AIzaSyTest0123456789abcdefghijklmnopqrs";
const NOW = Date.parse("2026-11-23T12:00:00Z");
const operation = {
  name: "batches/b1",
  metadata: {
    "@type": "type.googleapis.com/google.ai.generativelanguage.v1.GenerateContentBatch",
    model: "models/gemini-2.5-flash",
    displayName: "t-1",
    state: "BATCH_STATE_PENDING",
    createTime: "2026-11-23T12:00:00.123456789Z",
    inputConfig: { fileName: "files/in1" },
    batchStats: { requestCount: "2", pendingRequestCount: "2" },
  },
};

function create(
  url: string,
  {
    timeoutMs = 5_000,
    input = { fileId: "files/in1" },
    model = "gemini-2.5-flash",
  }: {
    timeoutMs?: number;
    input?: JobInput;
    model?: string;
  } = {},
): Promise<CreateAnswer> {
  const provider = geminiProvider({
    apiKey: KEY,
    baseUrl: url.replace(/\/v1$/, ""),
    clock: { now: () => NOW },
  });
  return provider.create({ tag: "t-1", input, model, endpoint: "generateContent", timeoutMs });
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const inline = (lines: readonly string[]): JobInput => ({
  lines: linesOf(lines),
  count: lines.length,
  bytes: lines.reduce((sum, line) => sum + line.length + 1, 0),
});

test("a create with a file sends the job once and answers with it", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, operation));
  expect(await create(server.url)).toEqual({
    type: "created",
    job: {
      jobId: "batches/b1",
      tag: "t-1",
      rawStatus: "BATCH_STATE_PENDING",
      status: "waiting",
      inputFileId: "files/in1",
      counts: { total: 2, completed: 0, failed: 0 },
      files: {},
      errors: [],
      usage: null,
      createdAt: NOW + 123,
      expiresAt: null,
    },
  });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({
    method: "POST",
    url: "/v1/models/gemini-2.5-flash:batchGenerateContent",
    headers: { "x-goog-api-key": KEY, "content-type": "application/json" },
  });
  expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
    batch: { inputConfig: { fileName: "files/in1" }, displayName: "t-1" },
  });
});

test("a create with its lines sends every request as it stands, with its key", async () => {
  const request = {
    contents: [{ parts: [{ text: 'a "requests":[] é' }], role: "user" }],
    generationConfig: { temperature: 0.1, aFieldOfNextYear: { deep: [1] } },
  };
  await using server = await rawServer((response) => sendJson(response, 200, operation));
  const lines = ["t-1-0", "t-1-1"].map((key) => JSON.stringify({ key, request }));
  expect(await create(server.url, { input: inline(lines) })).toMatchObject({ type: "created" });
  expect(server.requests).toHaveLength(1);
  expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
    batch: {
      displayName: "t-1",
      inputConfig: {
        requests: {
          requests: [
            { request, metadata: { key: "t-1-0" } },
            { request, metadata: { key: "t-1-1" } },
          ],
        },
      },
    },
  });
});

async function* broken(): AsyncGenerator<string> {
  yield JSON.stringify({ key: "t-1-0", request: { contents: [], text: "x".repeat(200_000) } });
  throw Object.assign(new Error("no artifact"), { code: "ECONNREFUSED" });
}

test("lines that break off leave it unknown, and never a shorter job", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, operation));
  const input = { lines: broken(), count: 2, bytes: 1_000 };
  expect(await create(server.url, { input })).toEqual({
    type: "unknown",
    code: "lines_broke",
    message: "the lines broke off: no artifact",
  });
  expect(server.requests).toEqual([]);
});

const problem =
  (status: number, name: string, message = "no", details: readonly object[] = [], headers: object = {}) =>
  (response: ServerResponse) =>
    sendJson(response, status, { error: { code: status, status: name, message, details } }, headers);
const info = (reason: string) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "x",
});
const page = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "text/html" });
  response.end("<html>no</html>");
};
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
  test.each<[string, (response: ServerResponse) => void, Partial<CreateAnswer>]>([
    ["429", problem(429, "RESOURCE_EXHAUSTED"), refused("limit", "RESOURCE_EXHAUSTED")],
    ["429 from a proxy", page(429), refused("limit", "429")],
    [
      "400 for a wrong key",
      problem(400, "INVALID_ARGUMENT", "API key not valid.", [info("API_KEY_INVALID")]),
      refused("account", "API_KEY_INVALID"),
    ],
    [
      "400 without billing",
      problem(400, "FAILED_PRECONDITION", "Please enable billing"),
      refused("account", "FAILED_PRECONDITION"),
    ],
    ["400", problem(400, "INVALID_ARGUMENT"), refused("request", "INVALID_ARGUMENT")],
    [
      "400 in a list",
      (response) => sendJson(response, 400, [{ error: { status: "INVALID_ARGUMENT", message: "no" } }]),
      refused("request", "INVALID_ARGUMENT"),
    ],
    ["401", problem(401, "UNAUTHENTICATED"), refused("account", "UNAUTHENTICATED")],
    ["402", page(402), refused("account", "402")],
    ["403", problem(403, "PERMISSION_DENIED", "Permission denied"), refused("account", "PERMISSION_DENIED")],
    [
      "403 of a disabled service",
      problem(403, "PERMISSION_DENIED", "no", [info("SERVICE_DISABLED")]),
      refused("account", "SERVICE_DISABLED"),
    ],
    [
      "403 of a file",
      problem(
        403,
        "PERMISSION_DENIED",
        "You do not have permission to access the File in1 or it may not exist.",
      ),
      refused("unreachable", INPUT_FILE_GONE),
    ],
    [
      "404 of a file",
      problem(404, "NOT_FOUND", "File files/in1 not found."),
      refused("unreachable", INPUT_FILE_GONE),
    ],
    [
      "404 of the model",
      problem(
        404,
        "NOT_FOUND",
        "models/gemini-0 is not found for API version v1, or is not supported for batchGenerateContent.",
      ),
      refused("request", "NOT_FOUND"),
    ],
    ["404 of the endpoint", page(404), refused("account", "404")],
    ["413", page(413), refused("request", "413")],
    ["422", problem(422, "INVALID_ARGUMENT"), refused("request", "INVALID_ARGUMENT")],
    ["405", page(405), unknown("405")],
    ["408", page(408), unknown("408")],
    ["409", problem(409, "ABORTED"), unknown("ABORTED")],
    ["499", problem(499, "CANCELLED"), unknown("CANCELLED")],
    ["500", problem(500, "INTERNAL"), unknown("INTERNAL")],
    ["502", page(502), unknown("502")],
    ["503", problem(503, "UNAVAILABLE"), unknown("UNAVAILABLE")],
    ["504", problem(504, "DEADLINE_EXCEEDED"), unknown("DEADLINE_EXCEEDED")],
    [
      "a redirect",
      (response) => response.writeHead(307, { location: "/v1/elsewhere" }).end(),
      unknown("307"),
    ],
    ["an answer that is a page", page(200), unknown("unreadable")],
    [
      "an answer without a name",
      (response) => sendJson(response, 200, { metadata: {} }),
      unknown("unreadable"),
    ],
    ["an answer that is empty", (response) => response.writeHead(200).end(), unknown("unreadable")],
    ["a reset before the answer", (response) => response.destroy(), unknown("UND_ERR_SOCKET")],
    [
      "a reset inside the answer",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
        response.write('{"name":"batches/b1",', () => response.destroy());
      },
      unknown("UND_ERR_SOCKET"),
    ],
  ])("%s", async (_what, answer, expected) => {
    for (const input of [{ fileId: "files/in1" }, inline([JSON.stringify({ key: "t-1-0", request: {} })])]) {
      await using server = await rawServer(answer);
      const given = await create(server.url, { input });
      expect(given).toMatchObject(expected);
      expect(given.type === "created" ? "" : given.message).not.toBe("");
      expect(server.requests).toHaveLength(1);
    }
  });
});

test.each([
  ["before the answer", () => {}],
  [
    "inside the answer",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"name":');
    },
  ],
])("a server that falls silent %s leaves it unknown after the time-out", async (_when, answer) => {
  await using server = await rawServer(answer);
  expect(await create(server.url, { timeoutMs: 100 })).toMatchObject({
    type: "unknown",
    message: expect.stringMatching(/time|abort/i) as string,
  });
  expect(server.requests).toHaveLength(1);
});

test("nobody listening is unreachable, also for lines in the body", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  for (const input of [{ fileId: "files/in1" }, inline([JSON.stringify({ key: "t-1-0", request: {} })])])
    expect(await create(`http://127.0.0.1:${port}`, { input })).toMatchObject(
      refused("unreachable", "ECONNREFUSED"),
    );
});

test("a model that no path can carry is refused, and nothing is sent", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, operation));
  expect(await create(server.url, { model: "../gemini" })).toMatchObject(refused("request", "not_sent"));
  expect(server.requests).toEqual([]);
});

test.each<[string, readonly object[], object, number | undefined]>([
  ["its header", [], { "retry-after": "7" }, 7_000],
  [
    "its details",
    [
      info("RATE_LIMIT_EXCEEDED"),
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" },
    ],
    {},
    1_500,
  ],
  [
    "nothing that can be read",
    [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "soon" }],
    {},
    undefined,
  ],
])("a refusal tells how long to wait by %s", async (_what, details, headers, retryAfterMs) => {
  await using server = await rawServer(problem(429, "RESOURCE_EXHAUSTED", "no", details, headers));
  const answer = await create(server.url);
  expect(answer.type === "refused" && answer.retryAfterMs).toBe(retryAfterMs);
});

test("no answer shows the key", async () => {
  await using server = await rawServer(problem(403, `code-${KEY}`, `API key ${KEY} is not valid.`));
  const answer = await create(server.url);
  expect(answer).toMatchObject({ type: "refused", message: "API key [redacted] is not valid." });
  expect(JSON.stringify(answer)).not.toContain(KEY);
});
