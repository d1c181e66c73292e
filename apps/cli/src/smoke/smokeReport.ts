import type { RequestDoc, TaskDoc } from "@granary/domain";
import { addCosts, heldJobOf } from "@granary/domain";
import type { ResultRow } from "@granary/harvester";
import { resultRows } from "@granary/harvester";
import { EXIT, Failure } from "../failure.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count, duration, money } from "../terminal/format.ts";
import { tasksOf } from "./followSmoke.ts";

/** One provider job, in milliseconds after its first request was accepted; null where it never came to that. */
export interface SmokeJob {
  readonly task: string;
  readonly jobId: string | null;
  readonly createdMs: number | null;
  /** When we first knew of the job. */
  readonly firstSeenMs: number | null;
  /** When we saw that the provider was done. */
  readonly endedMs: number | null;
  readonly harvestedMs: number | null;
  /** What became of its files at the provider. */
  readonly files: "removed" | "left" | "kept";
}

/** How it went. */
export interface SmokeReport {
  readonly items: readonly ResultRow[];
  readonly jobs: readonly SmokeJob[];
  readonly costMicros: number | null;
  readonly tookMs: number;
}

/** Reads what became of requests that have ended. */
export async function smokeReport(workspace: Workspace, ids: readonly string[]): Promise<SmokeReport> {
  const requests = await workspace.store.loadMany("request", ids);
  if (requests.length !== ids.length)
    throw new Failure(EXIT.failed, "a request is not in the store any more");
  const items: ResultRow[] = [];
  for (const request of requests.toSorted(byId(ids)))
    for await (const rows of resultRows(workspace, request)) items.push(...rows);
  const acceptedAt = Math.min(...requests.map((request) => request.acceptedAt));
  const tasks = await tasksOf(workspace, ids);
  return {
    items,
    jobs: tasks.map((task) => jobOf(task, acceptedAt)),
    costMicros: requests.reduce((sum: number | null, { costMicros }) => addCosts(sum, costMicros), 0),
    tookMs: Math.max(...requests.map(({ endedAt }) => endedAt ?? acceptedAt)) - acceptedAt,
  };
}

function byId(ids: readonly string[]) {
  return (a: RequestDoc, b: RequestDoc): number => ids.indexOf(a.id) - ids.indexOf(b.id);
}

function jobOf(task: TaskDoc, acceptedAt: number): SmokeJob {
  const held = heldJobOf(task);
  const after = (at: number | null | undefined): number | null =>
    at == null ? null : Math.max(0, at - acceptedAt);
  return {
    task: task.id,
    jobId: held?.jobId ?? null,
    createdMs: after(task.submittedAt),
    firstSeenMs: after(held?.seenAt),
    endedMs: after(task.view?.terminalAt),
    harvestedMs: after(task.endedAt),
    files: task.files?.outcome ?? "kept",
  };
}

export const ITEM_HEAD = ["item", "outcome", "finish", "tokens in/out", "cost", "answer"] as const;
const LONGEST_CELL = 60;

/** An item's row under ITEM_HEAD. */
export function itemRow({ key, status, reason, error, finish, output, usage, costMicros }: ResultRow) {
  const answer = error ? `${error.code}: ${error.message}` : answerText(output);
  return [
    key,
    reason ? `${status} (${reason})` : status,
    finish ?? "-",
    `${count(usage.inputTokens)} / ${count(usage.outputTokens)}`,
    money(costMicros),
    answer.length > LONGEST_CELL ? `${answer.slice(0, LONGEST_CELL - 1)}…` : answer,
  ];
}

function answerText(output: unknown): string {
  return typeof output === "string" ? output : (JSON.stringify(output) ?? "");
}

export const JOB_HEAD = ["job", "created", "first seen", "ended", "harvested", "its files"] as const;

/** A job's row under JOB_HEAD: how long after the acceptance each came. */
export function jobRow({ task, jobId, createdMs, firstSeenMs, endedMs, harvestedMs, files }: SmokeJob) {
  const instants = [createdMs, firstSeenMs, endedMs, harvestedMs];
  return [jobId ?? task, ...instants.map((ms) => (ms === null ? "-" : `+${duration(ms)}`)), files];
}
