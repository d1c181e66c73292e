import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { BrokenTransfer } from "@granary/domain";
import { openaiProvider, type Timeouts } from "../src/index.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const open = { signal: new AbortController().signal };

function provider(baseUrl: string, timeouts: Partial<Timeouts> = { idleMs: 200 }) {
  return openaiProvider({ apiKey: "sk-test-0123456789abcdef", baseUrl, timeouts });
}

async function bytesOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

const send =
  (length: number | null, then: (response: ServerResponse) => void) => (response: ServerResponse) => {
    response.writeHead(200, length === null ? {} : { "content-length": length });
    response.write("12345", () => then(response));
  };

test("a download gives the bytes and their number, not packed", async () => {
  await using server = await rawServer(send(5, (response) => response.end()));
  const { bytes, length } = await provider(server.url).download("file-1", open);
  expect(length).toBe(5);
  expect(await bytesOf(bytes)).toBe("12345");
  expect(server.requests[0]).toMatchObject({
    url: "/v1/files/file-1/content",
    headers: { "accept-encoding": "identity" },
  });
});

test("a download of unknown length is taken as it comes", async () => {
  await using server = await rawServer(send(null, (response) => response.end()));
  const { bytes, length } = await provider(server.url).download("file-1", open);
  expect(length).toBeNull();
  expect(await bytesOf(bytes)).toBe("12345");
});

test.each<[string, number | null, (response: ServerResponse) => void, RegExp]>([
  ["is cut short of its length", 9, (response) => response.destroy(), /broke after 5 bytes/],
  ["is cut inside its chunks", null, (response) => response.destroy(), /broke after 5 bytes/],
  ["stalls", 9, () => {}, /nothing arrived for 200 ms/],
])("a download that %s is broken", async (_what, length, then, message) => {
  await using server = await rawServer(send(length, then));
  const { bytes } = await provider(server.url).download("file-1", open);
  const error: unknown = await bytesOf(bytes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BrokenTransfer);
  expect((error as Error).message).toMatch(message);
});

test("a download ends with the caller's reason when the caller stops it", async () => {
  const stop = new AbortController();
  await using server = await rawServer(send(9, () => {}));
  const { bytes } = await provider(server.url, { idleMs: 5_000 }).download("file-1", {
    signal: stop.signal,
  });
  const read = bytesOf(bytes);
  stop.abort(new Error("stopped"));
  await expect(read).rejects.toThrow("stopped");
});

test("a download that is not read to its end lets go of its connection", async () => {
  const closed = Promise.withResolvers<boolean>();
  await using server = await rawServer((response) => {
    response.on("close", () => closed.resolve(true));
    send(9, () => {})(response);
  });
  const { bytes } = await provider(server.url).download("file-1", open);
  const reading = bytes[Symbol.asyncIterator]();
  await reading.next();
  await reading.return?.();
  expect(await closed.promise).toBe(true);
});

test("a download of a file that is not there is not found", async () => {
  await using server = await rawServer((response) => sendJson(response, 404, {}));
  await expect(provider(server.url).download("file-1", open)).rejects.toMatchObject({ why: "not_found" });
});
