import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMANDS, SITUATIONS } from "../test/taskSituations.ts";
import type { CommandName } from "../test/taskSituations.ts";
import type { TaskDoc, TaskState } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
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
  const jobs = next.jobs.slice(0, before.jobs.length);
  const faults: Readonly<Record<string, boolean>> = {
    "went back": ORDER[next.state] < ORDER[before.state],
    "rose from the void": before.state === "void" && !["void", "ended"].includes(next.state),
    "counted attempts wrongly": next.attempt < before.attempt || next.attempt > before.attempt + 1,
    "took back its end": before.end !== null && !same(next.end, before.end),
    "changed its verdicts": before.verdicts !== null && !same(next.verdicts, before.verdicts),
    "was submitted anew": before.submittedAt !== null && next.submittedAt !== before.submittedAt,
    "forgot a job": jobs.map(({ jobId }) => jobId).join() !== before.jobs.map(({ jobId }) => jobId).join(),
    "opened a closed job": before.jobs.some(
      ({ closedAt }, at) => closedAt !== null && jobs[at]?.closedAt !== closedAt,
    ),
    "forgot a file": !same(next.raw.slice(0, before.raw.length), before.raw),
    "forgot a revision": next.revisions.length < before.revisions.length,
    "holds another job": before.holds.startsWith(before.account) && next.holds !== before.holds,
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}

/** Jobs that neither the task nor anybody who closes surplus looks after. */
function strayJobs({ state, jobs }: TaskDoc): readonly string[] {
  const held = state === "void" ? 0 : ORDER[state] >= 2 ? 1 : jobs.length;
  return jobs.slice(held).flatMap(({ jobId, how }) => (how === "surplus" ? [] : [jobId]));
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
