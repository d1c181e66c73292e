import type { Account, Fault, TaskDoc } from "@granary/domain";
import { heldJobOf, isProvisional } from "@granary/domain";
import type { Workspace } from "../stack/workspace.ts";
import type { LookedAt } from "./lookAtJob.ts";
import { isUnsettled } from "./unsettledTasks.ts";

/** What there is to see before an operator's verdict is taken, and what speaks against taking it. */
export interface Examined {
  readonly jobs: readonly LookedAt[];
  /** Each is a refusal: where, why, and what to do instead. */
  readonly faults: readonly Fault[];
  /** What could not be proven, and is left to the operator. */
  readonly warnings: readonly string[];
  /** What will come of it, in sentences. */
  readonly follows: readonly string[];
  /** Jobs that might be the task's own although it is declared that there is none. */
  readonly against: readonly string[];
}

/** Why nothing can be said of this task at all; empty where something can. */
export function taskFaults(task: TaskDoc): readonly Fault[] {
  if (isUnsettled(task)) return [];
  const held = heldJobOf(task);
  const holds = held && !isProvisional(task) ? `, and ${held.jobId} is known to be its own` : "";
  return [
    {
      path: `task ${task.id}`,
      message: `is ${task.state}${holds}: there is nothing to say of its create; granary show ${task.id} tells what it does`,
    },
  ];
}

/** The account a task's jobs are under, or the fault that it cannot be asked from here. */
export function accountOfTask({ catalogue }: Workspace, task: TaskDoc): Account | Fault {
  return (
    catalogue.accounts.get(task.account) ?? {
      path: `account ${task.account}`,
      message: "is not configured here: say it where its key is, with the environment of the services",
    }
  );
}

/** The provisional job that has to go when something else is said; null where there is none. */
export function guessOf(task: TaskDoc): string | null {
  return isProvisional(task) ? (heldJobOf(task)?.jobId ?? null) : null;
}
