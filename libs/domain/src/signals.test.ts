import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleAccount, sampleJob, sampleRequest, sampleSweep, sampleTask } from "../test/sampleDocuments.ts";
import type { AccountDoc, Pause, RequestDoc, RequestState, TaskDoc, TaskState } from "./documents.ts";
import type { Signal } from "./signals.ts";
import { applySignal } from "./signals.ts";

const END: Signal = { type: "end", at: 5_000, why: "cancelled" };
const JOB: Signal = { type: "job", jobId: "batch_1", at: 6_000, how: "created" };
const AGAIN: Signal = { type: "again", n: 1 };
const RESUME: Signal = { type: "resume", scope: "*" };
const WAKE: Signal = { type: "wake" };

function pauseAt(until: number, scope = "*"): Signal {
  return { type: "pause", scope, pause: { until, why: "limit", code: "429" } };
}

const TASK_STATES: readonly TaskState[] = [
  "packing",
  "void",
  "planned",
  "submitting",
  "unknown",
  "running",
  "harvesting",
  "settling",
  "ended",
];

const anySignal: fc.Arbitrary<Signal> = fc.oneof(
  fc.constant<Signal>(WAKE),
  fc.record({
    type: fc.constant("end"),
    at: fc.nat(9),
    why: fc.constantFrom("cancelled", "deadline", "timeout"),
  }),
  fc.record({
    type: fc.constant("job"),
    jobId: fc.constantFrom("batch_1", "batch_2", "batch_3"),
    at: fc.nat(9),
    how: fc.constantFrom("created", "adopted"),
  }),
  fc.record({ type: fc.constant("again"), n: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant("resume"), scope: fc.constantFrom("*", "poll") }),
  fc.tuple(fc.nat(9), fc.constantFrom("*", "poll")).map(([until, scope]) => pauseAt(until, scope)),
);

/** Signals in two orders. */
const twoOrders = (
  signal: fc.Arbitrary<Signal>,
): fc.Arbitrary<readonly [readonly Signal[], readonly Signal[]]> =>
  fc
    .array(signal, { maxLength: 8 })
    .chain((signals) =>
      fc.tuple(
        fc.constant(signals),
        fc.shuffledSubarray(signals, { minLength: signals.length, maxLength: signals.length }),
      ),
    );

const requestAfter = (signals: readonly Signal[], from: RequestDoc): RequestDoc =>
  signals.reduce((doc, signal) => applySignal("request", doc, signal), from);
const taskAfter = (signals: readonly Signal[], from: TaskDoc): TaskDoc =>
  signals.reduce((doc, signal) => applySignal("task", doc, signal), from);
const accountAfter = (signals: readonly Signal[], from: AccountDoc): AccountDoc =>
  signals.reduce((doc, signal) => applySignal("account", doc, signal), from);

describe("a signal on a request", () => {
  it("ends it, once: the first end wins", () => {
    const ended = applySignal("request", sampleRequest({ state: "running" }), END);
    expect(ended).toEqual(sampleRequest({ state: "running", end: { at: 5_000, why: "cancelled" } }));
    expect(applySignal("request", ended, { type: "end", at: 1, why: "deadline" })).toBe(ended);
  });

  it("ends it in every state but the last", () => {
    const states: readonly RequestState[] = ["accepted", "running", "closing", "ended"];
    const ended = states.map((state) => applySignal("request", sampleRequest({ state }), END).end !== null);
    expect(ended).toEqual([true, true, true, false]);
  });

  it("changes nothing where it is no signal of a request's", () => {
    const request = sampleRequest();
    for (const signal of [WAKE, JOB, AGAIN, pauseAt(9), RESUME, { ...END, why: "timeout" } as const])
      expect(applySignal("request", request, signal)).toBe(request);
  });

  it("leads to an end or none in whatever order signals arrive, and touches nothing else", () => {
    fc.assert(
      fc.property(twoOrders(anySignal), ([signals, shuffled]) => {
        const request = sampleRequest({ state: "running" });
        const [one, other] = [requestAfter(signals, request), requestAfter(shuffled, request)];
        expect(one.end === null).toBe(other.end === null);
        expect({ ...one, end: null }).toEqual(request);
      }),
    );
  });
});

const jobsOf = ({ jobs }: TaskDoc): readonly string[] => jobs.map(({ jobId }) => jobId).toSorted();

const surplusOf = ({ jobs }: TaskDoc): number => jobs.filter(({ how }) => how === "surplus").length;

describe("a signal on a task", () => {
  it("ends it, once, also for a time-out, in every state but the last", () => {
    for (const state of TASK_STATES) {
      const task = sampleTask({ state });
      const ended = applySignal("task", task, { ...END, why: "timeout" });
      expect(ended).toEqual(state === "ended" ? task : { ...task, end: { at: 5_000, why: "timeout" } });
      expect(applySignal("task", ended, { ...END, at: 9_000 })).toBe(ended);
    }
  });

  it("makes the first job it sees before running the task's own, and any other surplus", () => {
    for (const how of ["created", "adopted"] as const)
      for (const state of TASK_STATES) {
        const owns = ["packing", "planned", "submitting", "unknown"].includes(state);
        const first = applySignal("task", sampleTask({ state }), { ...JOB, how });
        expect(first.jobs).toEqual([sampleJob({ seenAt: 6_000, how: owns ? how : "surplus" })]);
        const second = applySignal("task", first, { ...JOB, how, jobId: "batch_2" });
        expect(second.jobs[0]).toBe(first.jobs[0]);
        expect(second.jobs[1]).toMatchObject({ jobId: "batch_2", how: "surplus", closedAt: null });
      }
  });

  it("knows a job it has seen, however it is told of it", () => {
    const seen = applySignal("task", sampleTask(), JOB);
    expect(applySignal("task", seen, { ...JOB, how: "adopted", at: 9_999 })).toBe(seen);
  });

  it("asks an ended task for a replay, and only for one that was not asked for or done", () => {
    const ended = sampleTask({ state: "ended" });
    const asked = applySignal("task", ended, AGAIN);
    expect(asked).toEqual({ ...ended, again: { n: 1 } });
    expect(applySignal("task", asked, AGAIN)).toBe(asked);
    expect(applySignal("task", asked, { type: "again", n: 2 }).again).toEqual({ n: 2 });
    const revised = { ...ended, revisions: [{}] as unknown as TaskDoc["revisions"] };
    expect(applySignal("task", revised, AGAIN)).toBe(revised);
    expect(applySignal("task", revised, { type: "again", n: 2 }).again).toEqual({ n: 2 });
  });

  it("asks no other task for a replay", () => {
    for (const state of TASK_STATES.filter((each) => each !== "ended")) {
      const task = sampleTask({ state });
      expect(applySignal("task", task, AGAIN)).toBe(task);
    }
  });

  it("changes nothing where it is no signal of a task's", () => {
    const task = sampleTask({ state: "running" });
    for (const signal of [WAKE, pauseAt(9), RESUME]) expect(applySignal("task", task, signal)).toBe(task);
  });

  it("leads to the same jobs, ends and replays in whatever order signals arrive", () => {
    fc.assert(
      fc.property(twoOrders(anySignal), fc.constantFrom(...TASK_STATES), ([signals, shuffled], state) => {
        const task = sampleTask({ state });
        const [one, other] = [taskAfter(signals, task), taskAfter(shuffled, task)];
        expect(one.end === null).toBe(other.end === null);
        expect(one.again).toEqual(other.again);
        expect(jobsOf(one)).toEqual(jobsOf(other));
        expect(surplusOf(one)).toBe(surplusOf(other));
        expect(new Set(jobsOf(one)).size).toBe(one.jobs.length);
        expect(one.jobs.length - surplusOf(one)).toBeLessThanOrEqual(1);
        expect({ ...one, end: null, again: null, jobs: [] }).toEqual(task);
      }),
    );
  });
});

const pause = (with_: Partial<Pause>): Pause => ({
  until: 100,
  why: "limit",
  code: "429",
  strikes: 1,
  ...with_,
});

const untilOf = ({ pauses }: AccountDoc): unknown =>
  Object.fromEntries(Object.entries(pauses).map(([scope, { until }]) => [scope, until]));

describe("a signal on an account", () => {
  it("pauses one scope, and counts how often in a row", () => {
    const once = applySignal("account", sampleAccount(), pauseAt(100));
    expect(once).toEqual(sampleAccount({ pauses: { "*": pause({}) } }));
    const twice = applySignal("account", once, pauseAt(200));
    expect(twice.pauses).toEqual({ "*": pause({ until: 200, strikes: 2 }) });
    expect(applySignal("account", twice, pauseAt(50, "poll")).pauses).toEqual({
      "*": pause({ until: 200, strikes: 2 }),
      poll: pause({ until: 50 }),
    });
  });

  it("never shortens a pause", () => {
    const paused = sampleAccount({ pauses: { "*": pause({}) } });
    expect(applySignal("account", paused, pauseAt(100))).toBe(paused);
    expect(applySignal("account", paused, pauseAt(99))).toBe(paused);
  });

  it("lifts the pause of one scope, and with it its strikes", () => {
    const paused = sampleAccount({ pauses: { "*": pause({ strikes: 4 }), poll: pause({}) } });
    const lifted = applySignal("account", paused, RESUME);
    expect(lifted).toEqual(sampleAccount({ pauses: { poll: pause({}) } }));
    expect(applySignal("account", lifted, RESUME)).toBe(lifted);
    expect(applySignal("account", lifted, pauseAt(300)).pauses["*"]).toEqual(pause({ until: 300 }));
  });

  it("changes nothing where it is no signal of an account's", () => {
    const account = sampleAccount();
    for (const signal of [WAKE, END, JOB, AGAIN])
      expect(applySignal("account", account, signal)).toBe(account);
  });

  it("pauses until the latest instant in whatever order pauses arrive, and touches nothing else", () => {
    const anyPause = anySignal.filter(({ type }) => type !== "resume");
    fc.assert(
      fc.property(twoOrders(anyPause), ([signals, shuffled]) => {
        const account = sampleAccount({ learned: { m: { jobs: 3 } } });
        const [one, other] = [accountAfter(signals, account), accountAfter(shuffled, account)];
        expect(untilOf(one)).toEqual(untilOf(other));
        expect({ ...one, pauses: {} }).toEqual(account);
      }),
    );
  });
});

describe("any signal", () => {
  it("changes nothing on a sweep", () => {
    const sweep = sampleSweep();
    for (const signal of [WAKE, END, JOB, AGAIN, pauseAt(9), RESUME])
      expect(applySignal("sweep", sweep, signal)).toBe(sweep);
  });

  it("is the same twice as once, and leaves the document it was given as it was", () => {
    fc.assert(
      fc.property(anySignal, fc.constantFrom(...TASK_STATES), (signal, state) => {
        const docs = { request: sampleRequest(), task: sampleTask({ state }), account: sampleAccount() };
        const before = structuredClone(docs);
        for (const kind of ["request", "task", "account"] as const) {
          const once = applySignal(kind, docs[kind], signal);
          expect(applySignal(kind, once, signal)).toBe(once);
        }
        expect(docs).toEqual(before);
      }),
    );
  });
});
