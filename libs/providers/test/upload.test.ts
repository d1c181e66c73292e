import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openaiProvider } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const apiKey = "sk-test-0123456789abcdef";
const open = { signal: new AbortController().signal, name: "gr1234-abc.jsonl" };

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** The content of the part called `file`, and the whole form. */
function fileOf(body: string): string | undefined {
  return /filename="gr1234-abc\.jsonl"\r\nContent-Type: application\/jsonl\r\n\r\n([\s\S]*?)\r\n--/.exec(
    body,
  )?.[1];
}

test("an upload sends every line, its name and its purpose", async () => {
  const lines = ['{"a":"é"}', '{"b":"\u2028"}'];
  await using server = await rawServer((response) =>
    sendJson(response, 200, { id: "file-1", bytes: 23, expires_at: 1_700_000_000 }),
  );
  const provider = openaiProvider({ apiKey, baseUrl: server.url, inputExpiresAfterSeconds: 3_600 });
  expect(await provider.upload(linesOf(lines), open)).toEqual({
    fileId: "file-1",
    bytes: 23,
    expiresAt: 1_700_000_000_000,
  });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: "POST", url: "/v1/files" });
  expect(fileOf(request?.body ?? "")).toBe(`${lines.join("\n")}\n`);
  expect(request?.body).toMatch(/name="purpose"\r\n\r\nbatch\r\n/);
  expect(request?.body).toMatch(/name="expires_after\[seconds\]"\r\n\r\n3600\r\n/);
});

test("an upload of which the provider has less than was sent is no upload", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, { id: "file-1", bytes: 3 }));
  const provider = openaiProvider({ apiKey, baseUrl: server.url });
  await expect(provider.upload(linesOf(["abcdef"]), open)).rejects.toMatchObject({
    why: "unavailable",
    code: "upload_incomplete",
  });
});

test("lines that cannot be read are no trouble of the provider", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, { id: "file-1" }));
  const provider = openaiProvider({ apiKey, baseUrl: server.url });
  const missing = new Error("no artifact");
  async function* broken(): AsyncGenerator<string> {
    yield "a";
    throw missing;
  }
  await expect(provider.upload(broken(), open)).rejects.toBe(missing);
  expect(server.requests).toEqual([]);
});

test("an upload that is refused says why", async () => {
  await using server = await rawServer((response) =>
    sendJson(response, 413, { error: { code: null, message: "too large" } }),
  );
  const provider = openaiProvider({ apiKey, baseUrl: server.url });
  await expect(provider.upload(linesOf(["a"]), open)).rejects.toMatchObject({ why: "request", code: "413" });
});

/** Reads nothing until told, then everything. */
async function slowServer() {
  const arrived = Promise.withResolvers<{ incoming: IncomingMessage; response: ServerResponse }>();
  const server = createServer((incoming, response) => {
    incoming.pause();
    arrived.resolve({ incoming, response });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
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
  const line = "x".repeat(MB / 16 - 1);
  let drawn = 0;
  async function* lines(): AsyncGenerator<string> {
    while (drawn < total) {
      drawn += line.length + 1;
      yield line;
    }
  }
  await using server = await slowServer();
  const provider = openaiProvider({ apiKey, baseUrl: server.url });
  const upload = provider.upload(lines(), open);
  const { incoming, response } = await server.arrived;
  // Wait until nothing is drawn any more, with the socket's buffers full on both sides.
  for (let before = -1; before !== drawn; await new Promise((go) => setTimeout(go, 100))) before = drawn;
  expect(drawn).toBeLessThan(32 * MB);
  let received = 0;
  let mostInFlight = 0;
  for await (const part of incoming) {
    received += (part as Buffer).length;
    mostInFlight = Math.max(mostInFlight, drawn - received);
  }
  sendJson(response, 200, { id: "file-1", bytes: total });
  expect(await upload).toMatchObject({ fileId: "file-1", bytes: total });
  expect(received).toBeGreaterThan(total);
  expect(mostInFlight).toBeLessThan(32 * MB);
}, 60_000);

test("an upload that the caller stops ends with the caller's reason, and draws no more lines", async () => {
  const stop = new AbortController();
  const returned = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield "x".repeat(100_000);
    } finally {
      returned.resolve();
    }
  }
  await using server = await slowServer();
  const provider = openaiProvider({ apiKey, baseUrl: server.url });
  const upload = provider.upload(endless(), { ...open, signal: stop.signal });
  await server.arrived;
  stop.abort(new Error("stopped"));
  await expect(upload).rejects.toThrow("stopped");
  await returned.promise;
});
