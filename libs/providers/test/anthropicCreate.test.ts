import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { CreateAnswer, JobInput } from "@granary/domain";
import { anthropicProvider } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "sk-ant-api03-0123456789abcdef";
const NOW = Date.parse("2026-11-23T12:00:00Z");
const batch = {
  id: "msgbatch_1",
  type: "message_batch",
  processing_status: "in_progress",
  request_counts: { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
  created_at: "2026-11-23T12:00:00.123456Z",
  expires_at: "2026-11-24T12:00:00.123456Z",
  ended_at: null,
  archived_at: null,
  cancel_initiated_at: null,
  results_url: null,
};

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const LINES = ["t-1-0", "t-1-1"].map((custom_id) =>
  JSON.stringify({ custom_id, params: { note: 'é "requests":[' } }),
);
const input = (lines: AsyncIterable<string> = linesOf(LINES)): JobInput => ({ lines, count: 2, bytes: 100 });

function create(
  url: string,
  { timeoutMs = 5_000, lines }: { timeoutMs?: number; lines?: AsyncIterable<string> } = {},
): Promise<CreateAnswer> {
  const baseUrl = url.replace(/\/v1$/, "");
  const provider = anthropicProvider({ apiKey: KEY, baseUrl, clock: { now: () => NOW } });
  return provider.create({
    tag: "t-1",
    input: input(lines),
    model: "claude-haiku-4-5",
    endpoint: "/v1/messages",
    timeoutMs,
  });
}

test("a create sends its lines once and answers with the job", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, batch));
  expect(await create(server.url)).toEqual({
    type: "created",
    job: {
      jobId: "msgbatch_1",
      tag: null,
      rawStatus: "in_progress",
      status: "running",
      inputFileId: null,
      counts: { total: 2, completed: 0, failed: 0 },
      files: {},
      errors: [],
      usage: null,
      createdAt: NOW + 123,
      expiresAt: NOW + 86_400_123,
    },
  });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({
    method: "POST",
    url: "/v1/messages/batches",
    headers: {
      authorization: `Bearer ${KEY}`,
      "content-type": "application/json",
      "transfer-encoding": "chunked",
    },
  });
  expect(server.requests[0]?.headers).toHaveProperty("anthropic-version");
  expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
    requests: LINES.map((line) => JSON.parse(line) as unknown),
  });
});

test("a file cannot be created from", async () => {
  const provider = anthropicProvider({ apiKey: KEY });
  const job = { tag: "t", input: { fileId: "f" }, model: "m", endpoint: "/v1/messages", timeoutMs: 1 };
  await expect(provider.create(job)).rejects.toThrow(/body only/);
  const options = { name: "f", signal: new AbortController().signal };
  await expect(provider.upload(linesOf([]), options)).rejects.toThrow(/body only/);
});

const problem =
  (
    status: number,
    type: string | null,
    message = "no",
    details: object | null = null,
    headers: object = {},
  ) =>
  (response: ServerResponse) =>
    sendJson(
      response,
      status,
      { type: "error", error: { type, message, details }, request_id: "req_1" },
      headers,
    );
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
    ["429", problem(429, "rate_limit_error"), refused("limit", "rate_limit_error")],
    ["429 from a proxy", page(429), refused("limit", "429")],
    [
      "429 for the month's spend",
      problem(429, "rate_limit_error", "no", { error_code: "enforced_spend_limit_reached" }),
      refused("account", "enforced_spend_limit_reached"),
    ],
    [
      "400 without credit",
      problem(400, "invalid_request_error", "Your credit balance is too low to access the API."),
      refused("account", "invalid_request_error"),
    ],
    ["400", problem(400, "invalid_request_error"), refused("request", "invalid_request_error")],
    ["401", problem(401, "authentication_error"), refused("account", "authentication_error")],
    ["402", problem(402, "billing_error"), refused("account", "billing_error")],
    ["403", problem(403, "permission_error"), refused("account", "permission_error")],
    ["403 from a proxy", page(403), refused("account", "403")],
    [
      "404 of the endpoint",
      problem(404, "not_found_error", "Not Found"),
      refused("account", "not_found_error"),
    ],
    ["404 from a proxy", page(404), refused("account", "404")],
    [
      "404 of the model",
      problem(404, "not_found_error", "model: claude-0"),
      refused("request", "not_found_error"),
    ],
    ["413", problem(413, "request_too_large"), refused("request", "request_too_large")],
    ["422", problem(422, "invalid_request_error"), refused("request", "invalid_request_error")],
    ["405", page(405), unknown("405")],
    ["408", page(408), unknown("408")],
    ["409", problem(409, "conflict_error"), unknown("conflict_error")],
    ["500", problem(500, "api_error"), unknown("api_error")],
    [
      "500 that asks for a repetition",
      problem(500, "api_error", "no", null, { "x-should-retry": "true" }),
      unknown("api_error"),
    ],
    ["503", page(503), unknown("503")],
    ["504", problem(504, "timeout_error"), unknown("timeout_error")],
    ["529", problem(529, "overloaded_error"), unknown("overloaded_error")],
    [
      "a redirect",
      (response) => response.writeHead(307, { location: "/v1/messages/batches" }).end(),
      unknown("307"),
    ],
    ["an answer that is a page", page(200), unknown("unreadable")],
    [
      "an answer without an id",
      (response) => sendJson(response, 200, { ...batch, id: undefined }),
      unknown("unreadable"),
    ],
    ["an answer that is empty", (response) => response.writeHead(200).end(), unknown("unreadable")],
    ["a reset before the answer", (response) => response.destroy(), unknown("UND_ERR_SOCKET")],
    [
      "a reset inside the answer",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
        response.write('{"id":"msgbatch_1",', () => response.destroy());
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
  expect(await create(server.url, { timeoutMs: 200 })).toMatchObject({
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
  expect(await create(`http://127.0.0.1:${port}`)).toMatchObject(refused("unreachable", "ECONNREFUSED"));
});

async function* broken(): AsyncGenerator<string> {
  yield JSON.stringify({ custom_id: "t-1-0", params: { text: "x".repeat(200_000) } });
  throw Object.assign(new Error("no artifact"), { code: "ECONNREFUSED" });
}

test("lines that break off leave it unknown, and never a shorter job", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, batch));
  expect(await create(server.url, { lines: broken() })).toEqual({
    type: "unknown",
    code: "lines_broke",
    message: "the lines broke off: no artifact",
  });
  expect(server.requests).toEqual([]);
});

test("no answer shows the key", async () => {
  await using server = await rawServer(problem(401, `code-${KEY}`, `invalid x-api-key ${KEY}`));
  const answer = await create(server.url);
  expect(answer).toMatchObject({ type: "refused", message: "invalid x-api-key [redacted]" });
  expect(JSON.stringify(answer)).not.toContain(KEY);
});

/** Reads nothing until told, then everything. */
async function slowServer() {
  const arrived = Promise.withResolvers<{ incoming: IncomingMessage; response: ServerResponse }>();
  const server = createHttpServer((incoming, response) => {
    incoming.pause();
    arrived.resolve({ incoming, response });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived: arrived.promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("lines are drawn only as fast as they are taken: 200 MB never lie in memory", async () => {
  const MB = 1024 * 1024;
  const total = 200 * MB;
  const line = JSON.stringify("x".repeat(MB / 16 - 3));
  let drawn = 0;
  async function* lines(): AsyncGenerator<string> {
    while (drawn < total) {
      drawn += line.length + 1;
      yield line;
    }
  }
  await using server = await slowServer();
  const answer = create(server.url, { lines: lines(), timeoutMs: 60_000 });
  const { incoming, response } = await server.arrived;
  // Wait until nothing is drawn any more, with the socket's buffers full on both sides.
  for (let before = -1; before !== drawn; await new Promise((go) => setTimeout(go, 100))) before = drawn;
  expect(drawn).toBeLessThan(32 * MB);
  let received = 0;
  let mostInFlight = 0;
  let end = "";
  for await (const part of incoming) {
    received += (part as Buffer).length;
    mostInFlight = Math.max(mostInFlight, drawn - received);
    end = (part as Buffer).subarray(-20).toString();
  }
  sendJson(response, 200, batch);
  expect(await answer).toMatchObject({ type: "created" });
  expect(received).toBe(total - 1 + '{"requests":[]}'.length);
  expect(end).toMatch(/\]\}$/);
  expect(mostInFlight).toBeLessThan(32 * MB);
}, 60_000);

test("a create that ends by its time-out draws no more lines, and never closes the body as if it were whole", async () => {
  const returned = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield JSON.stringify("x".repeat(100_000));
    } finally {
      returned.resolve();
    }
  }
  await using server = await slowServer();
  const answer = create(server.url, { lines: endless(), timeoutMs: 200 });
  const { incoming } = await server.arrived;
  expect(await answer).toMatchObject({ type: "unknown" });
  await returned.promise;
  const wasWhole = await (async () => {
    await incoming.toArray();
    return incoming.complete;
  })().catch(() => false);
  expect(wasWhole).toBe(false);
});
