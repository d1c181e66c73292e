import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { seededNumbers } from "../seeded.ts";
import { BodyUnreadable, requestSplitter, RequestTooLarge } from "./requestSplitter.ts";

function split(text: string, next: (() => number) | null = null) {
  const bytes = Buffer.from(text);
  const splitter = requestSplitter();
  const requests: unknown[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = next ? 1 + Math.floor(next() * 7) : bytes.length;
    for (const raw of splitter.push(bytes.subarray(at, at + size))) requests.push(JSON.parse(raw.toString()));
    at += size;
  }
  return { requests, beside: splitter.end() };
}

test("requests come out whole, wherever the pieces of the body end", () => {
  const requests = [
    { custom_id: "a", params: { text: 'quotes " and \\ and }]{[ and grün 🌾', list: [[], {}, [{}]] } },
    { custom_id: "b", params: { requests: [{ requests: [1] }] } },
    {},
  ];
  for (let seed = 0; seed < 200; seed++) {
    const text = JSON.stringify({ requests }, null, seed % 3);
    const found = split(text, seededNumbers(`${seed}`));
    expect(found.requests, `seed ${seed}`).toEqual(requests);
    expect(found.beside).toEqual({ requests: [0, 0, 0] });
  }
});

test("what stands beside the requests is kept, and lists of another name are not cut", () => {
  const text =
    '{"x": {"requests": [{"a": 1}]}, "other": [{"b": 2}], "requests" : [ {"c": 3}, 7 ], "y": "[{"}';
  expect(split(text)).toEqual({
    requests: [{ c: 3 }],
    beside: { x: { requests: [{ a: 1 }] }, other: [{ b: 2 }], requests: [0, 7], y: "[{" },
  });
});

test.each([
  "",
  "{",
  '{"requests": [{"a": 1}',
  '{"requests": [{"a": "',
  "[}",
  '{"requests": [}]}',
  "nonsense",
])("a body %j cannot be read", (text) => {
  expect(() => split(text)).toThrow(BodyUnreadable);
});

test("a body with much beside the requests is given up early", () => {
  const splitter = requestSplitter();
  splitter.push(Buffer.from('{"x": "'));
  expect(() => splitter.push(Buffer.alloc(5 * 1024 * 1024, 0x61))).toThrow(BodyUnreadable);
});

test("a request that is larger than a message may be is refused", () => {
  const splitter = requestSplitter();
  splitter.push(Buffer.from('{"requests": [{"a": "'));
  expect(() => {
    for (let megabytes = 0; megabytes < 33; megabytes++) splitter.push(Buffer.alloc(1024 * 1024, 0x61));
  }).toThrow(RequestTooLarge);
});

test("what has come out is not held", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const splitter = requestSplitter();
  const piece = JSON.stringify(Array.from({ length: 30 }, () => ({ text: "x".repeat(2_000) }))).slice(1, -1);
  splitter.push(Buffer.from('{"requests": ['));
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let requests = 0;
  for (let pieces = 0; pieces < 1_000; pieces++)
    requests += splitter.push(Buffer.from(`${pieces === 0 ? "" : ","}${piece}`)).length;
  expect(requests).toBe(30_000);
  // Of 60 MB that have passed. What is free is given back a little later, by another thread.
  await vi.waitFor(
    () => {
      collect();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    },
    { timeout: 10_000, interval: 20 },
  );
});
