import { expect, test } from "vitest";
import { change, openLogger, runStep } from "../src/index.ts";
import type { Worker } from "../src/index.ts";
import { logFieldsOf } from "../src/logFields.ts";
import { aSweep, ID, openRig, sweeper } from "./rig.ts";
import { aRequest, aTask } from "./workDocuments.ts";

const never = new AbortController().signal;

/** A logger as a service has it, and its lines. */
async function loggingRig() {
  const rig = await openRig();
  const lines: Record<string, unknown>[] = [];
  const log = openLogger({
    level: "debug",
    base: { service: "submitter", instance: "abcd" },
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { rig: { ...rig, log }, log, lines };
}

test("whatever a step logs, however deep and late, says which request it was about", async () => {
  const { rig, log, lines } = await loggingRig();
  await rig.store.insertOnce("request", aRequest());
  const worker: Worker<"request"> = {
    name: "opener",
    kind: "request",
    duty: "submitter",
    leaseMs: 3_000,
    concurrency: 1,
    step: async () => {
      await rig.store.now();
      log.info({ bytes: 3 }, "deep");
      throw new Error("broken");
    },
  };
  const [held] = await rig.store.claimDue("request", { duty: "submitter", owner: "p", leaseMs: 1, limit: 1 });
  await runStep(rig, worker, held!, never);
  log.info({}, "outside");
  const about = {
    service: "submitter",
    instance: "abcd",
    request: "rqaaaa",
    requestId: "order-1",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
  expect(lines).toEqual([
    expect.objectContaining({ ...about, bytes: 3, msg: "deep" }),
    expect.objectContaining({ ...about, worker: "opener", msg: "step failed" }),
    expect.not.objectContaining({ request: "rqaaaa" }),
  ]);
});

test("steps under way at once do not mix up what they are about, and a line's own field wins", async () => {
  const { rig, log, lines } = await loggingRig();
  const held = await Promise.all(
    ["openai:a", "openai:b"].map(async (id) => {
      await rig.store.insertOnce("sweep", aSweep(id));
      return (await rig.store.load("sweep", id))!;
    }),
  );
  const worker = sweeper(async (doc) => {
    await change(rig.store, "sweep", doc, () => null, { at: 1 });
    log.info({ was: doc.id }, "looked");
    log.info({ account: "given" }, "named");
  });
  await Promise.all(held.map(async (doc) => runStep(rig, worker, doc, never)));
  expect(lines.filter(({ msg }) => msg === "looked").map(({ was, account }) => [was, account])).toEqual([
    ["openai:a", "openai:a"],
    ["openai:b", "openai:b"],
  ]);
  expect(lines.filter(({ msg }) => msg === "named").map(({ account }) => account)).toEqual([
    "given",
    "given",
  ]);
});

test("each kind of document gives the fields by which its lines are found", () => {
  const task = aTask();
  expect(logFieldsOf("task", task)).toEqual({ taskId: task.id });
  expect(logFieldsOf("task", { ...task, request: "rq" })).toEqual({ taskId: task.id, request: "rq" });
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(logFieldsOf("task", { ...task, traceparent })).toEqual({ taskId: task.id, traceparent });
  expect(logFieldsOf("request", aRequest({ traceparent: null }))).toEqual({
    request: "rqaaaa",
    requestId: "order-1",
  });
  expect(logFieldsOf("sweep", aSweep())).toEqual({ account: ID });
});
