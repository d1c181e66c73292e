import type { TaskDoc, VerdictsRef } from "@granary/domain";

/** The decision whose money counts: the newest replay that is applied, or the first one; null before there is any. */
export function taskMoney(task: TaskDoc): VerdictsRef | null {
  return task.revisions.findLast(({ appliedAt }) => appliedAt !== null) ?? task.verdicts;
}
