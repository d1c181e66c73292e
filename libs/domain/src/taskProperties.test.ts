import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMANDS, SITUATIONS } from "../test/taskSituations.ts";
import type { CommandName } from "../test/taskSituations.ts";
import type { TaskDoc, TaskState } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import { heldJobOf, isProvisional } from "./heldJob.ts";
import { applySignal } from "./signals.ts";
import type { Signal } from "./signals.ts";
import { changeTask } from "./taskEvolve.ts";

const ORDER: Readonly<Record<TaskState, number>> = {
  packing: 0, planned: 1, submitting: 1, unknown: 1, void: 2, running: 2, harvesting: 3, settling: 4, ended: 5,
}; // prettier-ignore

const anyMove: fc.Arbitrary<CommandName | Signal> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...(Object.keys(COMMANDS) as CommandName[])) },
  fc.constantFrom<Signal[]>(
    { type: "end", at: 1, why: "cancelled" },
    { type: "end", at: 2, why: "deadline" },
    { type: "job", jobId: "batch_1", at: 3, how: "adopted" },
    { type: "job", jobId: "batch_2", at: 4, how: "created" },
    { type: "job", jobId: "batch_3", at: 5, how: "provisional" },
    { type: "again", n: 1 },
    { type: "wake" },
  ),
);

function moved(task: TaskDoc, move: CommandName | Signal): TaskDoc {
  if (typeof move !== "string") return applySignal("task", task, move);
  try {
    return changeTask(task, COMMANDS[move])?.next ?? task;
  } catch (error_) {
    if (error_ instanceof IllegalTransition) return task;
    throw error_;
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What a move has undone that stands for good. */
function undone(before: TaskDoc, next: TaskDoc): readonly string[] {
  const isGone = (jobId: string): boolean => !next.jobs.some((job) => job.jobId === jobId);
  const isMistaken = (jobId: string): boolean => (next.mistaken ?? []).includes(jobId);
  // Only a guess is taken back.
  const disowned =
    isProvisional(before) &&
    before.view !== null &&
    isMistaken(before.view.jobId) &&
    next.state === "unknown";
  const replaced = before.view !== null && isMistaken(before.view.jobId) && next.view !== null;
  const faults: Readonly<Record<string, boolean>> = {
    "went back": ORDER[next.state] < ORDER[before.state] && !disowned,
    "rose from the void": before.state === "void" && !["void", "ended"].includes(next.state),
    "counted attempts wrongly": next.attempt < before.attempt || next.attempt > before.attempt + 1,
    "took back its end": before.end !== null && !same(next.end, before.end),
    "changed its verdicts": before.verdicts !== null && !same(next.verdicts, before.verdicts),
    "was submitted anew": before.submittedAt !== null && next.submittedAt !== before.submittedAt && !disowned,
    "forgot a job": before.jobs.some(
      ({ jobId, how }) => isGone(jobId) && !(how === "provisional" && isMistaken(jobId)),
    ),
    "forgot a mistake": !same(
      (next.mistaken ?? []).slice(0, before.mistaken?.length ?? 0),
      before.mistaken ?? [],
    ),
    "made a guess of what it knew": before.jobs.some(
      ({ jobId, how }) =>
        how !== "provisional" && next.jobs.some((job) => job.jobId === jobId && job.how === "provisional"),
    ),
    "cancelled a guess": next.jobs.some(
      ({ how, cancelAskedAt }) => how === "provisional" && cancelAskedAt !== null,
    ),
    "opened a closed job": before.jobs.some(
      ({ jobId, closedAt }) =>
        closedAt !== null && next.jobs.find((job) => job.jobId === jobId)?.closedAt !== closedAt,
    ),
    "forgot a file": !same(next.raw.slice(0, before.raw.length), before.raw),
    "forgot a revision": next.revisions.length < before.revisions.length,
    "holds another job":
      before.holds.startsWith(before.account) && next.holds !== before.holds && !disowned && !replaced,
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}

/** Jobs that neither the task nor anybody who closes surplus looks after. */
function strayJobs(task: TaskDoc): readonly string[] {
  const { state, jobs, view } = task;
  if (state !== "void" && ORDER[state] < 2) return [];
  const held = state === "void" ? undefined : heldJobOf(task);
  // A guess that the right job has just come beside is dropped when that one is adopted.
  const isBeingReplaced = (jobId: string): boolean => state === "running" && jobId === view?.jobId;
  return jobs.flatMap((job) =>
    job.how === "surplus" || job === held || isBeingReplaced(job.jobId) ? [] : [job.jobId],
  );
}

describe("any sequence of commands and signals", () => {
  const moves = fc.array(anyMove, { maxLength: 40 });
  const start = fc.constantFrom(...Object.values(SITUATIONS));

  it("never goes back, and never takes back what is set once", () => {
    expect(() =>
      fc.assert(
        fc.property(start, moves, (task, all) => {
          all.reduce((before, move) => {
            const next = moved(before, move);
            expect(undone(before, next)).toEqual([]);
            return next;
          }, task);
        }),
        { numRuns: 2_000 },
      ),
    ).not.toThrow();
  });

  it("leaves no job that nobody looks after", () => {
    expect(() =>
      fc.assert(
        fc.property(moves, (all) => {
          all.reduce((before, move) => {
            const next = moved(before, move);
            expect(strayJobs(next)).toEqual([]);
            return next;
          }, SITUATIONS.packing);
        }),
        { numRuns: 2_000 },
      ),
    ).not.toThrow();
  });
});
