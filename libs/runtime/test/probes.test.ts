import { createServer } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { serveProbes } from "../src/index.ts";
import type { ServeProbesOptions } from "../src/index.ts";
import { faultsOf } from "./readWith.ts";

const METRICS = { scrape: async () => ({ contentType: "text/plain; version=0.0.4", text: "granary_x 1\n" }) };

async function served(given: Partial<ServeProbesOptions> = {}) {
  const logged: string[] = [];
  const stop = new AbortController();
  const probes = await serveProbes({
    host: "127.0.0.1",
    port: 0,
    service: "monitor",
    alive: [],
    ready: [],
    metrics: METRICS,
    stop: stop.signal,
    log: { error: (_fields, message) => void logged.push(message) },
    ...given,
  });
  onTestFinished(async () => probes[Symbol.asyncDispose]());
  async function get(path: string, method = "GET") {
    const response = await fetch(`${probes.url}${path}`, { method });
    const text = await response.text();
    return { status: response.status, type: response.headers.get("content-type"), text };
  }
  return {
    probes,
    stop,
    logged,
    get,
    json: async (path: string) => JSON.parse((await get(path)).text) as unknown,
  };
}

const well = (name: string) => ({ name, look: () => ({ ok: true }) });
const ill = (name: string) => ({
  name,
  look: () => ({ ok: false, reason: "away", detail: { mode: "live" } }),
});

test("a process that is well answers 200, with each check by name", async () => {
  const { get, json } = await served({ alive: [well("loops")], ready: [well("store"), well("nats")] });
  expect(await get("/livez")).toMatchObject({ status: 200, type: "application/json; charset=utf-8" });
  expect((await get("/readyz?verbose")).status).toBe(200);
  expect(await json("/livez")).toEqual({
    ok: true,
    service: "monitor",
    checks: [{ name: "loops", ok: true }],
  });
  expect(await json("/readyz")).toEqual({
    ok: true,
    service: "monitor",
    checks: ["running", "store", "nats"].map((name) => ({ name, ok: true })),
  });
});

test("one check that is not well makes 503, and says which and why; the other probe stands", async () => {
  const { get, json } = await served({ alive: [well("loops")], ready: [well("store"), ill("nats")] });
  expect((await get("/readyz")).status).toBe(503);
  expect(await json("/readyz")).toMatchObject({
    ok: false,
    checks: [
      { name: "running", ok: true },
      { name: "store", ok: true },
      { name: "nats", ok: false, reason: "away", detail: { mode: "live" } },
    ],
  });
  expect((await get("/livez")).status).toBe(200);
});

test("a check that fails shows the kind of error and nothing it says, which may hold a password", async () => {
  const error = Object.assign(new Error("mongodb://u:hunter2@h is away"), { name: "StoreUnavailable" });
  const store = {
    name: "store",
    look: () => {
      throw error;
    },
  };
  const { get } = await served({ ready: [store] });
  const { status, text } = await get("/readyz");
  expect([status, text.includes("StoreUnavailable"), text.includes("hunter2")]).toEqual([503, true, false]);
});

test("a check that hangs does not hold the probe, and is told that nobody waits", async () => {
  const signals: AbortSignal[] = [];
  const hanging = {
    name: "store",
    look: async (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    },
  };
  const { get, json } = await served({ ready: [hanging] });
  expect((await get("/readyz")).status).toBe(503);
  expect(signals[0]?.aborted).toBe(true);
  expect(await json("/readyz")).toMatchObject({ checks: [{}, { reason: "no answer within 1500 ms" }] });
});

test("from the stop on the process is not ready, but alive, until it is over", async () => {
  const { get, json, stop, probes } = await served({ alive: [well("loops")] });
  stop.abort();
  expect((await get("/readyz")).status).toBe(503);
  expect(await json("/readyz")).toMatchObject({ checks: [{ name: "running", reason: "stopping" }] });
  expect((await get("/livez")).status).toBe(200);
  await probes[Symbol.asyncDispose]();
  await probes[Symbol.asyncDispose]();
  await expect(get("/livez")).rejects.toThrow("fetch failed");
});

test("a connection that asks nothing does not keep the probes from ending", async () => {
  const { probes } = await served();
  const silent = connect(probes.port, "127.0.0.1");
  onTestFinished(() => void silent.destroy());
  // It is reset, which is the point.
  silent.on("error", () => {});
  await once(silent, "connect");
  silent.write("GET /livez HTTP/1.1\r\n");
  await probes[Symbol.asyncDispose]();
  await expect(fetch(`${probes.url}/livez`)).rejects.toThrow("fetch failed");
});

test("metrics are served in their own format, and a failure of theirs is logged, not shown", async () => {
  const { get } = await served();
  expect(await get("/metrics")).toEqual({
    status: 200,
    type: "text/plain; version=0.0.4",
    text: "granary_x 1\n",
  });
  const failing = await served({
    metrics: {
      scrape: async () => {
        throw new Error("hunter2");
      },
    },
  });
  const answer = await failing.get("/metrics");
  expect([answer.status, answer.text.includes("hunter2"), failing.logged]).toEqual([
    500,
    false,
    ["probe failed"],
  ]);
});

test("only GET and HEAD, and only these paths", async () => {
  const { get } = await served();
  expect((await get("/livez", "POST")).status).toBe(405);
  expect(await get("/livez", "HEAD")).toMatchObject({ status: 200, text: "" });
  expect(await get("/")).toMatchObject({ status: 404, text: '{"paths":["/livez","/readyz","/metrics"]}\n' });
});

/** The faults of an address that cannot be served at. */
async function faultOf(given: Partial<ServeProbesOptions>) {
  const failure: unknown = await served(given).catch((error: unknown) => error);
  return faultsOf(() => {
    throw failure;
  });
}

test("a port that is taken, and an address that is not here, are faults that name the variable", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  expect(await faultOf({ port })).toEqual([
    {
      path: "GRANARY_HTTP_PORT",
      message: `port ${port} at 127.0.0.1 is taken: name another one, or 0 for any that is free`,
    },
  ]);
  expect(await faultOf({ host: "203.0.113.7" })).toEqual([
    { path: "GRANARY_HTTP_HOST", message: expect.stringContaining("cannot listen at 203.0.113.7") as string },
  ]);
});
