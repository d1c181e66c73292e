import type { OperatorVerdict, Stranger, SweepDoc, TaskDoc } from "@granary/domain";
import { attemptWindow, heldJobOf, isProvisional } from "@granary/domain";
import type { Workspace } from "../stack/workspace.ts";

const PAGE = 200;

/** A task in doubt in plain data, as the list tells of it and both verdicts look at it. */
export interface Unsettled {
  readonly taskId: string;
  readonly state: TaskDoc["state"];
  readonly account: string;
  readonly attempt: number;
  readonly lines: number;
  readonly sentAt: number | null;
  readonly revokedAt: number | null;
  /** When its create can have made a job, by our clock; null where there is no intent. */
  readonly window: { readonly from: number; readonly to: number } | null;
  /** Complete passes over the account's jobs since the create. */
  readonly passes: number;
  readonly waitsFor: TaskDoc["waitsFor"];
  /** The job it holds although only the results will tell whose that is. */
  readonly provisional: string | null;
  /** Jobs that may be its own, as the last complete pass saw them. `owner`: whose its results say it is. */
  readonly candidates: readonly {
    readonly jobId: string;
    readonly createdAt: number | null;
    readonly lines: number | null;
    readonly owner: string | null;
  }[];
  readonly verdicts: readonly OperatorVerdict[];
  readonly error: string | null;
}

/** Whether an operator may say what became of a task's create: nobody knows yet, or it holds a job on a guess. */
export function isUnsettled(task: TaskDoc): boolean {
  return task.state === "unknown" ? heldJobOf(task) === undefined || isProvisional(task) : isGuess(task);
}

/** Every task that is in `unknown`, or runs with a job that is held provisionally. */
export async function* unsettledTasks({ store }: Pick<Workspace, "store">): AsyncGenerator<TaskDoc> {
  let after: string | undefined;
  for (;;) {
    const page = await store.tasks({ states: ["unknown", "running"] }, { after, limit: PAGE });
    yield* page.filter((task) => task.state === "unknown" || isGuess(task));
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function isGuess(task: TaskDoc): boolean {
  return task.state === "running" && isProvisional(task);
}

/** What is known of a task in doubt, from its document and its account's sweep. */
export function unsettled(task: TaskDoc, sweep: SweepDoc | undefined): Unsettled {
  const { id, account, attempt, intent, lines, state, waitsFor, lastError } = task;
  const window = attemptWindow(task);
  const strangers = new Map((sweep?.strangers ?? []).map((stranger) => [stranger.jobId, stranger]));
  return {
    taskId: id,
    state,
    account,
    attempt,
    lines,
    sentAt: intent?.at ?? null,
    revokedAt: intent?.revokedAt ?? null,
    window: window && { from: window.from, to: window.to },
    passes: Math.max(0, (sweep?.seq ?? 0) - (intent?.sweepSeq ?? 0)),
    waitsFor,
    provisional: isProvisional(task) ? (heldJobOf(task)?.jobId ?? null) : null,
    candidates: (sweep?.candidates?.[id] ?? []).map((jobId) => candidate(jobId, strangers.get(jobId))),
    verdicts: task.verdictsOfOperators ?? [],
    error: lastError ? `${lastError.code}: ${lastError.message}` : null,
  };
}

function candidate(jobId: string, seen: Stranger | undefined): Unsettled["candidates"][number] {
  return {
    jobId,
    createdAt: seen?.createdAt ?? null,
    lines: seen?.lines ?? null,
    owner: seen?.owner ?? null,
  };
}
