import { describe, expect, it } from "vitest";
import { aJob, after, CARRIED, COMMANDS, FILE, SITUATIONS, verdictsWith } from "../test/taskSituations.ts";
import type { Situation } from "../test/taskSituations.ts";
import type { TaskDoc } from "./documents.ts";
import { hasOpenSurplus } from "./duty.ts";
import type { TaskEvent } from "./task.ts";
import { applySignal } from "./signals.ts";
import { changeTask, evolveTask } from "./taskEvolve.ts";

/** What an event changes: the fields that differ, as they are after it. */
function changed(from: TaskDoc, event: TaskEvent): Partial<TaskDoc> {
  const next = evolveTask(from, event);
  const names = (Object.keys(next) as (keyof TaskDoc)[]).filter(
    (name) => JSON.stringify(next[name]) !== JSON.stringify(from[name]),
  );
  return Object.fromEntries(names.map((name) => [name, next[name]]));
}

const error = { code: "429", message: "slow down", at: 5 };
const job = {
  jobId: "batch_1",
  how: "created",
  seenAt: 2_000,
  cancelAskedAt: null,
  closedAt: null,
  costMicros: null,
};
const view = {
  ...SITUATIONS.running.view!,
  rawStatus: "completed",
  status: "completed",
  terminalAt: 7,
} as const;
const verdicts = verdictsWith({ succeeded: 10 });
const revision = { ...verdicts, revision: 1, appliedAt: null };

type Case = readonly [Situation, TaskEvent, Partial<TaskDoc>];

const CASES: { readonly [T in TaskEvent["type"]]: Case } = {
  planned: [
    "packing",
    { type: "planned", at: 9, manifest: FILE, carried: CARRIED },
    { ...CARRIED, state: "planned", manifest: FILE, plannedAt: 9 },
  ],
  voided: [
    "packing.found",
    { type: "voided", at: 9 },
    { state: "void", voidedAt: 9, jobs: [{ ...job, how: "surplus", seenAt: 1_260 }] },
  ],
  voidEnded: ["void", { type: "voidEnded", at: 9 }, { state: "ended", endedAt: 9 }],
  held: ["planned", { type: "held", waitsFor: "limit", error }, { waitsFor: "limit", lastError: error }],
  admitted: ["planned.tried", { type: "admitted" }, { state: "submitting", waitsFor: null }],
  fileRecorded: [
    "submitting",
    { type: "fileRecorded", file: { id: "file_2", expiresAt: 8 } },
    { file: { id: "file_2", expiresAt: 8 } },
  ],
  intentRecorded: [
    "submitting.filed",
    { type: "intentRecorded", intent: SITUATIONS["submitting.sent"].intent! },
    { attempt: 1, intent: SITUATIONS["submitting.sent"].intent },
  ],
  submitted: [
    "submitting.sent",
    { type: "submitted", at: 2_000, job: aJob(), timeoutAt: 50 },
    {
      state: "running",
      jobs: [{ ...job, how: "created" }],
      holds: "openai:simulated/batch_1",
      view: SITUATIONS.running.view,
      timeoutAt: 50,
      submittedAt: 2_000,
    },
  ],
  refused: [
    "submitting.sent",
    { type: "refused", waitsFor: "limit", error, fileGone: true },
    { state: "planned", intent: null, file: null, waitsFor: "limit", lastError: error },
  ],
  rejected: [
    "submitting.sent",
    { type: "rejected", error },
    { state: "harvesting", intent: null, noFetch: "job_rejected", lastError: error },
  ],
  createUnknown: [
    "submitting.sent",
    { type: "createUnknown", error },
    { state: "unknown", waitsFor: "sweep", lastError: error },
  ],
  unsentGivenUp: ["submitting.sent", { type: "unsentGivenUp" }, { state: "planned", intent: null }],
  confirmed: [
    "running.guess",
    { type: "confirmed", at: 9, jobId: "batch_1" },
    { jobs: [{ ...SITUATIONS["running.guess"].jobs[0]!, how: "adopted" }] },
  ],
  disowned: [
    "running.guess",
    { type: "disowned", jobId: "batch_1", error },
    {
      state: "unknown",
      jobs: [],
      mistaken: ["batch_1"],
      holds: `-/${SITUATIONS["running.guess"].id}`,
      intent: { ...SITUATIONS["running.guess"].intent!, revokedAt: null, revokedSeq: null },
      view: null,
      timeoutAt: null,
      submittedAt: null,
      waitsFor: "sweep",
      lastError: error,
    },
  ],
  adopted: [
    "unknown.found",
    { type: "adopted", at: 9, jobId: "batch_1", timeoutAt: 50 },
    {
      state: "running",
      holds: "openai:simulated/batch_1",
      view: {
        ...SITUATIONS.running.view!,
        rawStatus: "",
        status: "waiting",
        counts: null,
        createdAt: null,
        expiresAt: null,
      },
      timeoutAt: 50,
      submittedAt: 9,
      waitsFor: null,
    },
  ],
  attemptRevoked: [
    "unknown",
    { type: "attemptRevoked", at: 9, seq: 6 },
    { waitsFor: "quiet", intent: { ...SITUATIONS.unknown.intent!, revokedAt: 9, revokedSeq: 6 } },
  ],
  attemptGivenUp: [
    "unknown.revoked",
    { type: "attemptGivenUp" },
    { state: "planned", intent: null, file: null, waitsFor: null },
  ],
  unsentFinished: ["planned.ended", { type: "unsentFinished" }, { state: "harvesting", noFetch: "ended" }],
  observed: ["running", { type: "observed", view }, { view, waitsFor: "settle" }],
  endedAtProvider: [
    "running.over",
    { type: "endedAtProvider", view },
    { state: "harvesting", view, waitsFor: null },
  ],
  missed: [
    "running",
    { type: "missed", at: 9 },
    { view: { ...SITUATIONS.running.view!, missingSince: 9 }, waitsFor: "settle" },
  ],
  lost: [
    "running.missing",
    { type: "lost", at: 9 },
    { state: "harvesting", noFetch: "job_lost", waitsFor: null },
  ],
  timedOut: ["running", { type: "timedOut", at: 9 }, { end: { at: 9, why: "timeout" } }],
  cancelAsked: ["running", { type: "cancelAsked", at: 9 }, { cancelAskedAt: 9 }],
  surplusFound: [
    "void.surplus",
    { type: "surplusFound", at: 9, jobId: "batch_2" },
    { jobs: [{ ...job, jobId: "batch_2", how: "surplus", seenAt: 1_260, cancelAskedAt: 9 }] },
  ],
  surplusClosed: [
    "void.surplus",
    { type: "surplusClosed", at: 9, jobId: "batch_2", costMicros: 3 },
    { jobs: [{ ...job, jobId: "batch_2", how: "surplus", seenAt: 1_260, closedAt: 9, costMicros: 3 }] },
  ],
  rawRecorded: [
    "harvesting",
    { type: "rawRecorded", raw: { ...FILE, kind: "errors", lines: 2 } },
    { raw: [{ ...FILE, kind: "errors", lines: 2 }] },
  ],
  resultsGivenUp: ["harvesting", { type: "resultsGivenUp" }, { noFetch: "results_unavailable" }],
  verdictsCommitted: ["harvesting", { type: "verdictsCommitted", verdicts }, { state: "settling", verdicts }],
  ended: [
    "settling",
    { type: "ended", at: 9, result: "partial" },
    { state: "ended", result: "partial", endedAt: 9 },
  ],
  filesFailed: [
    "ended.files",
    { type: "filesFailed" },
    { files: { tries: 1, closedAt: null, outcome: null } },
  ],
  filesClosed: [
    "ended.files",
    { type: "filesClosed", at: 9, outcome: "left" },
    { files: { tries: 0, closedAt: 9, outcome: "left" } },
  ],
  revisionCommitted: [
    "ended.again",
    { type: "revisionCommitted", revision },
    { revisions: [revision], again: null },
  ],
  revisionApplied: [
    "ended.revised",
    { type: "revisionApplied", at: 9, revision: 1 },
    { revisions: [{ ...SITUATIONS["ended.revised"].revisions[0]!, appliedAt: 9 }] },
  ],
};

describe("a task after an event", () => {
  it.each(Object.entries(CASES))(
    "has what %s changes, and nothing else",
    (_type, [situation, event, expected]) => {
      expect(changed(SITUATIONS[situation], event)).toEqual(expected);
    },
  );

  it("keeps the last error of a hold without one, and the file of a refusal that does not speak of it", () => {
    expect(
      evolveTask({ ...SITUATIONS.planned, lastError: error }, { type: "held", waitsFor: "grant" }).lastError,
    ).toBe(error);
    const refused = evolveTask(SITUATIONS["submitting.sent"], {
      type: "refused",
      waitsFor: "account",
      error,
      fileGone: false,
    });
    expect(refused.file).toEqual({ id: "file_1", expiresAt: null });
  });

  it("holds the first job seen, also when another one was just created: that one is surplus", () => {
    const running = after(SITUATIONS["submitting.sent.found"], "created");
    expect(running.jobs.map(({ jobId, how }) => `${jobId} ${how}`)).toEqual([
      "batch_7 adopted",
      "batch_1 surplus",
    ]);
    expect([running.holds, running.view?.jobId]).toEqual(["openai:simulated/batch_7", "batch_7"]);
    expect(hasOpenSurplus(running)).toBe(true);
  });
});

describe("a job held provisionally", () => {
  it("gives way to one that is known to be ours, and is not cancelled", () => {
    const replaced = after(SITUATIONS["running.replaced"], "adopt");
    expect(replaced.jobs.map(({ jobId, how }) => `${jobId} ${how}`)).toEqual(["batch_7 adopted"]);
    expect(replaced).toMatchObject({
      holds: "openai:simulated/batch_7",
      view: { jobId: "batch_7" },
      mistaken: ["batch_1"],
    });
    expect(hasOpenSurplus(replaced)).toBe(false);
  });

  it("is ours for good once its own creator names it", () => {
    const named = applySignal("task", SITUATIONS["running.guess"], {
      type: "job",
      jobId: "batch_1",
      at: 9,
      how: "created",
    });
    expect(named.jobs.map(({ how }) => how)).toEqual(["created"]);
  });

  it("is not guessed a second time", () => {
    const disowned = after(SITUATIONS["running.guess"], "disown");
    const guess = { type: "job", jobId: "batch_1", at: 9, how: "provisional" } as const;
    expect(applySignal("task", disowned, guess)).toBe(disowned);
  });
});

describe("several commands at once", () => {
  it("are decided one after the other, each on what the one before made of the task", () => {
    const change = changeTask(SITUATIONS.running, COMMANDS.timeOut, COMMANDS.observeSettled);
    expect(change?.next).toMatchObject({ state: "harvesting", end: { why: "timeout" } });
    expect(change?.facts.map(({ type }) => type)).toEqual(["task.ended_at_provider"]);
    expect(changeTask(SITUATIONS.harvesting, COMMANDS.finishUnsent, COMMANDS.observeOver)).toBeNull();
  });
});
