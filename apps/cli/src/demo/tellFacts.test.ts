import type { Fact } from "@granary/domain";
import { FACT_PREFIX } from "@granary/domain";
import { expect, test } from "vitest";
import { factTeller } from "./tellFacts.ts";

function fact(type: string, taskId: string, more: object = {}): Fact {
  const data = { taskId, account: "anthropic:simulated", lines: 1_200, ...more };
  return { type: `${FACT_PREFIX}${type}`, data } as unknown as Fact;
}

test("a job that only fits its create is told apart from one that is known by its tag", () => {
  const textOf = factTeller();
  expect(textOf(fact("task.adopted", "gr1", { provisional: true }))).toBe(
    "gr1 (1,200 lines, anthropic:simulated): a job that fits its create was found in the list; it is held until its results tell whose it is",
  );
  expect(textOf(fact("task.adopted", "gr2", { provisional: false }))).toMatch(/gr2 .* and adopted$/);
  expect(textOf(fact("task.adopted", "gr1", { provisional: false }))).toMatch(/proved to be its own$/);
});

test("a job's end is worth a sentence where it did not complete, whatever its provider calls that", () => {
  const textOf = factTeller();
  const ended = (status: string, rawStatus: string) =>
    textOf(fact("task.ended_at_provider", "gr1", { status, rawStatus }));
  expect(ended("completed", "ended")).toBeNull();
  expect(ended("completed", "JOB_STATE_SUCCEEDED")).toBeNull();
  expect(ended("expired", "ended")).toContain("its job ended expired");
});
