import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleAccount, sampleJob, sampleRequest, sampleSweep, sampleTask } from "../test/sampleDocuments.ts";
import type {
  AccountDoc,
  OperatorVerdict,
  Pause,
  RequestDoc,
  RequestState,
  Suspect,
  TaskDoc,
  TaskState,
} from "./documents.ts";
import type { Signal } from "./signals.ts";
import { applySignal } from "./signals.ts";

const END: Signal = { type: "end", at: 5_000, why: "cancelled" };
const JOB: Signal = { type: "job", jobId: "batch_1", at: 6_000, how: "created" };
const AGAIN: Signal = { type: "again", n: 1 };
const RESUME: Signal = { type: "resume", scope: "*" };
const WAKE: Signal = { type: "wake" };
const GUESS: Signal = { ...JOB, how: "provisional" };
const SUSPECT: Suspect = { taskId: "grtest-aaaaaaaaaaaaaaaaaaaa", lines: 10, from: 1_000, to: 70_000 };
const SUSPECTED: Signal = { type: "suspect", suspect: SUSPECT };

const NOT_CREATED: OperatorVerdict = {
  at: 7_000,
  by: "ann",
  attempt: 1,
  says: "not_created",
  jobId: null,
  note: "looked into the console",
};

const says = (with_: Partial<OperatorVerdict> = {}): Signal => ({
  type: "operator",
  verdict: { ...NOT_CREATED, ...with_ },
});

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

/** Also those of which the order matters: a guess is dropped where it comes too late. */
const everySignal: fc.Arbitrary<Signal> = fc.oneof(
  anySignal,
  fc.constantFrom(GUESS, SUSPECTED, says({ attempt: 0 }), says({ attempt: 0, says: "attached", jobId: "b" })),
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
    const endless = { ...END, why: "timeout" } as const;
    for (const signal of [WAKE, JOB, AGAIN, pauseAt(9), RESUME, SUSPECTED, says(), endless])
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
    for (const signal of [WAKE, pauseAt(9), RESUME, SUSPECTED])
      expect(applySignal("task", task, signal)).toBe(task);
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

const howOf = ({ jobs }: TaskDoc): Readonly<Record<string, string>> =>
  Object.fromEntries(jobs.map(({ jobId, how }) => [jobId, how]));

describe("a job that only fits", () => {
  it("is held provisionally while nobody knows what became of the create, and in no other state", () => {
    for (const state of TASK_STATES) {
      const guessed = applySignal("task", sampleTask({ state }), GUESS);
      const held = state === "unknown" ? [sampleJob({ how: "provisional", seenAt: 6_000 })] : [];
      expect(guessed).toEqual(sampleTask({ state, jobs: held }));
    }
  });

  it("is dropped where there is a job already, and where it was a mistake before", () => {
    const unknown = sampleTask({ state: "unknown" });
    for (const how of ["adopted", "provisional"] as const) {
      const held = applySignal("task", unknown, { ...JOB, how, jobId: "batch_2" });
      expect(applySignal("task", held, GUESS)).toBe(held);
    }
    const mistaken = sampleTask({ state: "unknown", mistaken: ["batch_1"] });
    expect(applySignal("task", mistaken, GUESS)).toBe(mistaken);
  });

  it("is ours once it is told for certain, and no guess again", () => {
    const guessed = applySignal("task", sampleTask({ state: "unknown" }), GUESS);
    expect(applySignal("task", guessed, { ...GUESS, at: 9_999 })).toBe(guessed);
    for (const how of ["created", "adopted"] as const) {
      const known = applySignal("task", guessed, { ...JOB, at: 9_999, how });
      expect(known.jobs).toEqual([sampleJob({ how, seenAt: 6_000 })]);
      expect(applySignal("task", known, GUESS)).toBe(known);
    }
  });

  it("gives way to a job that is known to be ours, also while it runs; a third one is surplus", () => {
    for (const state of ["unknown", "running"] as const) {
      const guessed = sampleTask({ state, jobs: [sampleJob({ how: "provisional" })] });
      const known = applySignal("task", guessed, { ...JOB, jobId: "batch_2" });
      expect(howOf(known)).toEqual({ batch_1: "provisional", batch_2: "created" });
      const third = applySignal("task", known, { ...JOB, jobId: "batch_3", how: "adopted" });
      expect(howOf(third)).toEqual({ batch_1: "provisional", batch_2: "created", batch_3: "surplus" });
    }
  });

  it("that was a mistake by all we knew, and is ours after all, is surplus once the task is over", () => {
    const over = sampleTask({ state: "ended", mistaken: ["batch_1"] });
    expect(howOf(applySignal("task", over, { ...JOB, how: "adopted" }))).toEqual({ batch_1: "surplus" });
  });
});

const lost = (with_: Partial<TaskDoc> = {}): TaskDoc =>
  sampleTask({ state: "unknown", attempt: 1, ...with_ });

describe("an operator's word", () => {
  it("is written down once for each thing said of an attempt", () => {
    const told = applySignal("task", lost(), says());
    expect(told).toEqual(lost({ verdictsOfOperators: [NOT_CREATED] }));
    expect(applySignal("task", told, says({ by: "bob", at: 9_000 }))).toBe(told);
    const attached = says({ says: "attached", jobId: "batch_1" });
    expect(applySignal("task", told, attached).verdictsOfOperators?.map((said) => said.says)).toEqual([
      "not_created",
      "attached",
    ]);
  });

  it("is heard of the open attempt alone, and only while it is open", () => {
    for (const state of TASK_STATES) {
      const task = lost({ state });
      const heard = state === "unknown" || state === "running";
      expect(applySignal("task", task, says()) !== task).toBe(heard);
    }
    for (const attempt of [0, 2]) {
      const task = lost();
      expect(applySignal("task", task, says({ attempt }))).toBe(task);
    }
  });

  it("is heard of a later attempt anew", () => {
    const second = lost({ attempt: 2, verdictsOfOperators: [NOT_CREATED] });
    const told = applySignal("task", second, says({ attempt: 2 }));
    expect(told.verdictsOfOperators?.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it("that a job is ours makes it so, also in the place of a guess", () => {
    const attached = says({ says: "attached", jobId: "batch_2" });
    expect(howOf(applySignal("task", lost(), attached))).toEqual({ batch_2: "adopted" });
    const guessed = applySignal("task", lost(), GUESS);
    expect(howOf(applySignal("task", guessed, attached))).toEqual({
      batch_1: "provisional",
      batch_2: "adopted",
    });
    expect(howOf(applySignal("task", guessed, says({ says: "attached", jobId: "batch_1" })))).toEqual({
      batch_1: "adopted",
    });
  });

  it("comes too late once a job is known to be the task's: no other one is cancelled for it", () => {
    for (const how of ["created", "adopted"] as const) {
      const known = applySignal("task", lost(), { type: "job", jobId: "batch_1", at: 6_000, how });
      for (const word of [says({ says: "attached", jobId: "batch_2" }), says()])
        expect(applySignal("task", known, word)).toBe(known);
    }
  });

  it("that names no job holds none", () => {
    expect(applySignal("task", lost(), says({ says: "attached" })).jobs).toEqual([]);
    expect(applySignal("task", lost(), says({ jobId: "batch_2" })).jobs).toEqual([]);
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
    for (const signal of [WAKE, END, JOB, AGAIN, SUSPECTED, says()])
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

describe("a signal on a sweep", () => {
  it("names an attempt that was given up, once", () => {
    const named = applySignal("sweep", sampleSweep(), SUSPECTED);
    expect(named).toEqual(sampleSweep({ suspects: [SUSPECT] }));
    expect(applySignal("sweep", named, { type: "suspect", suspect: { ...SUSPECT, to: 99_000 } })).toBe(named);
    const later = { ...SUSPECT, from: 80_000 };
    const other = { ...SUSPECT, taskId: "grtest-bbbbbbbbbbbbbbbbbbbb" };
    const all = [later, other].reduce(
      (doc, suspect) => applySignal("sweep", doc, { type: "suspect", suspect }),
      named,
    );
    expect(all.suspects).toEqual([SUSPECT, later, other]);
  });

  it("changes nothing where it is no signal of a sweep's", () => {
    const sweep = sampleSweep();
    for (const signal of [WAKE, END, JOB, AGAIN, pauseAt(9), RESUME, says()])
      expect(applySignal("sweep", sweep, signal)).toBe(sweep);
  });
});

describe("any signal", () => {
  it("is the same twice as once, and leaves the document it was given as it was", () => {
    fc.assert(
      fc.property(everySignal, fc.constantFrom(...TASK_STATES), (signal, state) => {
        const docs = {
          request: sampleRequest(),
          task: sampleTask({ state }),
          account: sampleAccount(),
          sweep: sampleSweep(),
        };
        const before = structuredClone(docs);
        for (const kind of ["request", "task", "account", "sweep"] as const) {
          const once = applySignal(kind, docs[kind], signal);
          expect(applySignal(kind, once, signal)).toBe(once);
        }
        expect(docs).toEqual(before);
      }),
    );
  });
});
