import type { AccountDoc, Store, TaskDoc } from "@granary/domain";
import { accountOf } from "@granary/runtime";
import type { SubmitterDeps } from "./settings.ts";

/** Tasks woken when a create was answered: one of them goes on, the others look again by themselves. */
const WOKEN = 10;

/**
 * Takes the account's one open create for this task; false where another task has it. Where a provider shows no tags a
 * lost create is found by its time and number of lines, so there must not be two at a time. It stands while its task is
 * `submitting` or `unknown`. It is written anew each time it is taken, so that whoever found its task elsewhere and
 * decided to take it meanwhile no longer fits.
 */
export async function takeOpenCreate({ store, clock }: SubmitterDeps, task: TaskDoc): Promise<boolean> {
  for (;;) {
    const account = await store.load("account", task.account);
    if (!account) throw new Error(`there is no document of ${task.account}`);
    if (await isTakenByAnother(store, account, task.id)) return false;
    const openCreate = { taskId: task.id, at: clock.now() };
    const result = await store.save("account", account, { ...account, openCreate }, { asOwner: false });
    if ("saved" in result) return true;
  }
}

/** Whether another task's create is open on an account that takes one at a time. */
export async function isCreateOpenElsewhere(deps: SubmitterDeps, task: TaskDoc): Promise<boolean> {
  if (accountOf(deps, task.account).dialect.tags === "shown") return false;
  const account = await deps.store.load("account", task.account);
  return account !== undefined && isTakenByAnother(deps.store, account, task.id);
}

async function isTakenByAnother(store: Store, { openCreate }: AccountDoc, taskId: string): Promise<boolean> {
  if (!openCreate || openCreate.taskId === taskId) return false;
  const other = await store.load("task", openCreate.taskId);
  return other?.state === "submitting" || other?.state === "unknown";
}

/** Wakes tasks that wait for a create to be answered. */
export async function wakeWaiting(deps: SubmitterDeps, account: string): Promise<void> {
  if (accountOf(deps, account).dialect.tags === "shown") return;
  const planned = await deps.store.tasks({ account, states: ["planned"] }, { limit: 100 });
  const waiting = planned.filter(({ waitsFor }) => waitsFor === "grant");
  const first = waiting.toSorted(
    (a, b) => b.priority - a.priority || (a.plannedAt ?? 0) - (b.plannedAt ?? 0),
  );
  await deps.store.signal(
    "task",
    first.slice(0, WOKEN).map(({ id }) => id),
    { type: "wake" },
  );
}
