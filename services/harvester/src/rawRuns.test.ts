import type { LineRef, Outcome } from "@granary/domain";
import { NO_USAGE } from "@granary/domain";
import { expect, test } from "vitest";
import { rawRuns } from "./rawRuns.ts";

const PATH = "rq/gr/provider/results.jsonl";
const at = (offset: number, length: number, path = PATH): LineRef => ({ path, offset, length });

function outcome(ordinal: number, ref: LineRef, output?: string): Outcome {
  const fields = { request: "rq", status: "succeeded", usage: NO_USAGE, costMicros: 1 } as const;
  return {
    ...fields,
    ordinal,
    ref,
    ...(output === undefined ? {} : { output }),
    taskId: "gr",
    attempt: 1,
    revision: 0,
  };
}

function runsOf(outcomes: readonly Outcome[]) {
  return [...rawRuns(outcomes)].map((run) => ({
    ordinals: run.outcomes.map(({ ordinal }) => ordinal),
    span: run.span,
  }));
}

test("long answers that follow each other are read together, short ones between them included", () => {
  expect(
    runsOf([outcome(0, at(0, 9_000)), outcome(1, at(9_001, 900), "short"), outcome(2, at(9_902, 8_000))]),
  ).toEqual([{ ordinals: [0, 1, 2], span: at(0, 17_902) }]);
});

test("nothing is read where no answer is long", () => {
  const failed: Outcome = { ...outcome(1, at(901, 50)), status: "failed", reason: "refused" };
  expect(runsOf([outcome(0, at(0, 900), "short"), failed])).toEqual([{ ordinals: [0, 1], span: null }]);
  expect(runsOf([])).toEqual([]);
});

test("a run ends where the next answer lies before, or in another file", () => {
  expect(
    runsOf([
      outcome(0, at(20_000, 9_000)),
      outcome(1, at(0, 9_000)),
      outcome(2, at(9_001, 9_000, "rq/gr/provider/results-2.jsonl")),
    ]),
  ).toEqual([
    { ordinals: [0], span: at(20_000, 9_000) },
    { ordinals: [1], span: at(0, 9_000) },
    { ordinals: [2], span: at(9_001, 9_000, "rq/gr/provider/results-2.jsonl") },
  ]);
});

test("a run is at most a megabyte long, and a longer line travels alone", () => {
  const half = 600_000;
  const huge = 3_000_000;
  expect(
    runsOf([outcome(0, at(0, half)), outcome(1, at(half + 1, half)), outcome(2, at(2 * half + 2, huge))]),
  ).toEqual([
    { ordinals: [0], span: at(0, half) },
    { ordinals: [1], span: at(half + 1, half) },
    { ordinals: [2], span: at(2 * half + 2, huge) },
  ]);
});
