import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { geminiProvider, type GeminiOptions } from "../src/index.ts";
import { rawServer, sendJson, type RawRequest } from "./rawServer.ts";

const apiKey = "AIzaSyTest0123456789abcdefghijklmnopqrs";
const NOW = Date.parse("2026-11-23T12:00:00Z");
const open = { signal: new AbortController().signal, name: "gr1234-abc.jsonl" };

let temporaryFolder = "";
beforeEach(async () => {
  temporaryFolder = await mkdtemp(join(tmpdir(), "granary-test-"));
});
afterEach(() => rm(temporaryFolder, { recursive: true }));

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

function provider(url: string, more: Partial<GeminiOptions> = {}) {
  const baseUrl = url.replace(/\/v1$/, "");
  return geminiProvider({ apiKey, baseUrl, temporaryFolder, clock: { now: () => NOW }, ...more });
}

/** A server that takes uploads, and says of the finished file what it is told to. */
function uploads(file: object) {
  return rawServer((response, { url, headers }) => {
    if (url === "/upload/v1/files") {
      response
        .writeHead(200, { "x-goog-upload-url": "https://elsewhere.invalid/upload/session1?id=7" })
        .end("{}");
      return;
    }
    const isLast = headers["x-goog-upload-command"] === "upload, finalize";
    sendJson(response, 200, isLast ? { file } : {}, { "x-goog-upload-status": isLast ? "final" : "active" });
  });
}

test("an upload says its name and its length, and then sends every line", async () => {
  const lines = ['{"key":"é"}', '{"key":"\u2028"}'];
  const content = `${lines.join("\n")}\n`;
  const bytes = Buffer.byteLength(content);
  await using server = await uploads({
    name: "files/in1",
    sizeBytes: String(bytes),
    state: "ACTIVE",
    expirationTime: "2026-11-25T11:59:00Z",
  });
  expect(await provider(server.url).upload(linesOf(lines), open)).toEqual({
    fileId: "files/in1",
    bytes,
    expiresAt: Date.parse("2026-11-25T11:59:00Z"),
  });
  const [start, sent] = server.requests as [RawRequest, RawRequest];
  expect(start).toMatchObject({ method: "POST", url: "/upload/v1/files" });
  expect(start.headers).toMatchObject({
    "x-goog-api-key": apiKey,
    "x-goog-upload-protocol": "resumable",
    "x-goog-upload-command": "start",
    "x-goog-upload-header-content-length": String(bytes),
    "x-goog-upload-header-content-type": "application/jsonl",
  });
  expect(JSON.parse(start.body)).toMatchObject({
    file: { displayName: "gr1234-abc.jsonl", sizeBytes: String(bytes) },
  });
  // Wherever the session is said to lie: the key goes to the account's own host.
  expect(sent).toMatchObject({ method: "POST", url: "/upload/session1?id=7", body: content });
  expect(await readdir(temporaryFolder)).toEqual([]);
});

test("a file lives for 48 hours where the provider does not say how long", async () => {
  await using server = await uploads({ name: "files/in1" });
  expect((await provider(server.url).upload(linesOf(["a"]), open)).expiresAt).toBe(NOW + 48 * 3_600_000);
});

test("a large upload goes up in pieces, and lies in a file that others cannot read", async () => {
  const MB = 1024 * 1024;
  const line = "x".repeat(MB / 8 - 1);
  const total = 20 * MB;
  let mode = 0;
  async function* lines(): AsyncGenerator<string> {
    for (let drawn = 0; drawn < total; drawn += MB / 8) yield line;
  }
  await using server = await rawServer((response, { url, headers }) => {
    const command = headers["x-goog-upload-command"];
    if (url === "/upload/v1/files") {
      void (async () => {
        const [own] = await readdir(temporaryFolder);
        mode = (await stat(join(temporaryFolder, own ?? "", open.name))).mode & 0o777;
        response.writeHead(200, { "x-goog-upload-url": "http://elsewhere.invalid/s" }).end("{}");
      })();
      return;
    }
    const isLast = command === "upload, finalize";
    const file = { name: "files/in1", sizeBytes: String(total) };
    sendJson(response, 200, isLast ? { file } : {}, { "x-goog-upload-status": isLast ? "final" : "active" });
  });
  expect(await provider(server.url).upload(lines(), open)).toMatchObject({
    fileId: "files/in1",
    bytes: total,
  });
  const pieces = server.requests.slice(1);
  expect(pieces.map(({ headers }) => Number(headers["x-goog-upload-offset"]))).toEqual([0, 8 * MB, 16 * MB]);
  expect(pieces.reduce((sum, { body }) => sum + body.length, 0)).toBe(total);
  expect(mode).toBe(0o600);
  expect(await readdir(temporaryFolder)).toEqual([]);
}, 30_000);

test.each<[string, object]>([
  ["of which the provider has less than was sent", { name: "files/in1", sizeBytes: "1" }],
  ["that the provider could not process", { name: "files/in1", state: "FAILED" }],
])("an upload %s is no upload", async (_what, file) => {
  await using server = await uploads(file);
  await expect(provider(server.url).upload(linesOf(["abcdef"]), open)).rejects.toMatchObject({
    why: "unavailable",
    code: "upload_incomplete",
  });
});

test("lines that cannot be read are no trouble of the provider, and leave nothing behind", async () => {
  await using server = await uploads({ name: "files/in1" });
  const missing = new Error("no artifact");
  async function* broken(): AsyncGenerator<string> {
    yield "a";
    throw missing;
  }
  await expect(provider(server.url).upload(broken(), open)).rejects.toBe(missing);
  expect(server.requests).toEqual([]);
  expect(await readdir(temporaryFolder)).toEqual([]);
});

const answers: [string, (response: ServerResponse) => void, object][] = [
  ["refused", (response) => sendJson(response, 413, {}), { why: "request", code: "413" }],
  [
    "refused for its key",
    (response) => sendJson(response, 400, { error: { status: "FAILED_PRECONDITION", message: apiKey } }),
    { why: "account", message: "[redacted]" },
  ],
  ["answered by a page", (response) => response.writeHead(200).end("<html>"), { why: "unavailable" }],
  ["reset", (response) => response.destroy(), { why: "unavailable", code: "UND_ERR_SOCKET" }],
];
test.each(answers)("an upload that is %s says why", async (_what, answer, expected) => {
  await using server = await rawServer(answer);
  await expect(provider(server.url).upload(linesOf(["a"]), open)).rejects.toMatchObject(expected);
  expect(await readdir(temporaryFolder)).toEqual([]);
});

test("an upload that nobody hears is unreachable", async () => {
  const { url } = await (async () => {
    await using server = await rawServer(() => {});
    return server;
  })();
  await expect(provider(url).upload(linesOf(["a"]), open)).rejects.toMatchObject({ why: "unreachable" });
});

test("an upload that the caller stops ends with the caller's reason, draws no more lines, and leaves nothing behind", async () => {
  const stop = new AbortController();
  const returned = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<string> {
    try {
      for (let drawn = 0; ; drawn += 1) {
        if (drawn === 100) stop.abort(new Error("stopped"));
        yield "x".repeat(100_000);
      }
    } finally {
      returned.resolve();
    }
  }
  await using server = await uploads({ name: "files/in1" });
  const upload = provider(server.url).upload(endless(), { ...open, signal: stop.signal });
  await expect(upload).rejects.toThrow("stopped");
  await returned.promise;
  expect(server.requests).toEqual([]);
  expect(await readdir(temporaryFolder)).toEqual([]);
});
