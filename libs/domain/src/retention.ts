/** How long what has ended is kept, and what stands in the way of removing it. */
import type { Purged, RequestDoc, TaskDoc } from "./documents.ts";
import { dutyOf } from "./duty.ts";

/** What can be removed of an ended request, each by itself. */
export const PURGE_PARTS = ["prompts", "artifacts", "outcomes"] as const;

/**
 * `prompts`: its items. `artifacts`: the files of its tasks. `outcomes`: how its items ended, its results and its
 * metadata.
 */
export type PurgePart = (typeof PURGE_PARTS)[number];

/** How long each part is kept after the end, in milliseconds; absent means for good. */
export interface Retention {
  readonly promptsMs?: number;
  readonly artifactsMs?: number;
  readonly outcomesMs?: number;
  /** Remove nothing of a request before somebody said that its results were taken out. */
  readonly requireExport?: boolean;
}

/** Of what has ended nothing is removed earlier by a rule: readers may still be at it. */
export const PURGE_NOT_BEFORE_MS = 86_400_000;
/** A removal that was begun and is not done by then is told as a fault. */
export const PURGE_OVERDUE_MS = 86_400_000;

/** The parts of an ended request whose time is over and that are still there. */
export function duePurge(
  request: Pick<RequestDoc, "state" | "endedAt" | "purged">,
  retention: Retention,
  now: number,
): readonly PurgePart[] {
  const { state, endedAt, purged } = request;
  if (state !== "ended" || endedAt === null || now - endedAt < PURGE_NOT_BEFORE_MS) return [];
  const keptMs = {
    prompts: retention.promptsMs,
    artifacts: retention.artifactsMs,
    outcomes: retention.outcomesMs,
  };
  return PURGE_PARTS.filter((part) => {
    const ms = keptMs[part];
    return ms !== undefined && now - endedAt >= ms && !purged?.what.includes(part);
  });
}

/** Whether a removal was begun and is not done. */
export function isPurging({ purged }: Pick<RequestDoc, "purged">): boolean {
  return purged !== undefined && purged.doneAt === null;
}

/** Whether this part of a request is removed, or about to be. */
export function isPurged({ purged }: Pick<RequestDoc, "purged">, part: PurgePart): boolean {
  return purged?.what.includes(part) ?? false;
}

/** Why nothing of a request may be removed, in sentences; empty where it may. */
export function purgeBlocks(
  request: Pick<RequestDoc, "state" | "exportedAt">,
  around: {
    readonly tasks: readonly TaskDoc[];
    /** The caller's ids of requests that repeat its items and have not ended. */
    readonly retries: readonly string[];
    readonly requireExport: boolean;
  },
): readonly string[] {
  if (request.state !== "ended") return [`it has not ended, it is ${request.state}`];
  return [
    ...around.tasks.flatMap(taskBlocks),
    ...around.retries.map((requestId) => `its retry ${requestId} has not ended`),
    ...(around.requireExport && request.exportedAt === undefined ? ["it is not marked as exported"] : []),
  ];
}

/** What is still to be done about a task. */
function taskBlocks(task: TaskDoc): readonly string[] {
  const { id, state, again, revisions, files } = task;
  if (state === "void") return [];
  if (state !== "ended") return [`its task ${id} has not ended, it is ${state}`];
  if (again !== null || revisions.some(({ appliedAt }) => appliedAt === null))
    return [`its task ${id} is to be harvested again`];
  if (files?.closedAt === null) return [`files of its task ${id} at the provider are still to be removed`];
  return dutyOf("task", task) === null ? [] : [`another job of its task ${id} is still open`];
}

/**
 * The request as its tombstone: what its key and its costs need is kept. Files it names are still to be removed, so
 * that their places stay.
 */
export function purgedRequest(
  request: RequestDoc,
  purge: { readonly what: readonly PurgePart[]; readonly tasks: readonly string[]; readonly at: number },
): RequestDoc {
  const { purged: before, input, results } = request;
  const what = PURGE_PARTS.filter((part) => purge.what.includes(part) || before?.what.includes(part));
  const tasks = [...new Set([...(before?.tasks ?? []), ...purge.tasks])];
  const purged: Purged = { at: purge.at, what, tasks, doneAt: null };
  const isGone = (part: PurgePart): boolean => what.includes(part);
  return {
    ...request,
    purged,
    ...(isGone("prompts") && "inline" in input ? { input: { inline: [] } } : {}),
    ...(isGone("outcomes") ? { metadata: {}, results: results && "inline" in results ? null : results } : {}),
  };
}
