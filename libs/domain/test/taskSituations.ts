/** Tasks in every situation the state table speaks of, each reached by the commands that lead there. */
import type { JobSnapshot } from "../src/batchProvider.ts";
import type { ArtifactRef, TaskDoc, TaskState, VerdictsRef } from "../src/documents.ts";
import { poolKey } from "../src/ids.ts";
import { NO_COUNTS, NO_USAGE } from "../src/outcome.ts";
import { applySignal } from "../src/signals.ts";
import type { Signal } from "../src/signals.ts";
import type { Carried, TaskCommand } from "../src/task.ts";
import { changeTask, newTask } from "../src/taskEvolve.ts";

export const TASK_ID = "grtest-aaaaaaaaaaaaaaaaaaaa";
const POOL = { account: "openai:simulated", model: "gpt-4.1-mini", endpoint: "/v1/chat/completions" };

export const FILE: ArtifactRef = { path: "rqaaaa/a-file.jsonl", sha256: "0".repeat(64), bytes: 10 };

export const CARRIED: Carried = {
  lines: 10,
  bytes: 1_000,
  tokens: 100,
  estimateMicros: 50,
  bySource: { crm: { lines: 10, estimateMicros: 50 } },
  request: "rqaaaa",
  requests: 1,
  sliceCount: 1,
};

export function aJob(with_: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    jobId: "batch_1",
    tag: TASK_ID,
    rawStatus: "in_progress",
    status: "running",
    counts: { total: 10, completed: 0, failed: 0 },
    files: {},
    inputFileId: "file_1",
    createdAt: 1_000,
    expiresAt: 90_000,
    errors: [],
    usage: null,
    ...with_,
  };
}

export function verdictsWith(counts: Partial<VerdictsRef["counts"]>, rows = 10, retries = 0): VerdictsRef {
  const aside = { duplicate: 0, foreign: 0, detached: 0 };
  const sums = { counts: { ...NO_COUNTS, ...counts }, costMicros: 7, unusedMicros: 0, usage: NO_USAGE };
  return { ...FILE, ...sums, rows, retries, lacking: 0, aside, at: 9_000 };
}

const ANSWER = { type: "recordAnswer", at: 2_000, timeoutAt: 50_000 } as const;
const refused = (why: "limit" | "account" | "request" | "unreachable", code: string): TaskCommand => ({
  ...ANSWER,
  answer: { type: "refused", why, code, message: "no" },
});

/** Every command, in every variant that matters. */
export const COMMANDS = {
  seal: { type: "seal", at: 1_100, manifest: FILE, carried: CARRIED },
  sealEmpty: { type: "seal", at: 1_100, manifest: FILE, carried: { ...CARRIED, sliceCount: 0 } },
  void: { type: "void", at: 1_200 },
  endVoid: { type: "endVoid", at: 1_300 },
  hold: { type: "hold", waitsFor: "operator" },
  admit: { type: "admit" },
  recordFile: { type: "recordFile", file: { id: "file_1", expiresAt: null } },
  recordIntent: {
    type: "recordIntent",
    intent: { nonce: "n1", at: 1_500, startedAt: 1_400, sweepSeq: 3, fileId: "file_1" },
  },
  created: { ...ANSWER, answer: { type: "created", job: aJob() } },
  unknownAnswer: { ...ANSWER, answer: { type: "unknown", code: "500", message: "broke" } },
  refusedLimit: refused("limit", "429"),
  refusedAccount: refused("account", "401"),
  refusedUnreachable: refused("unreachable", "ECONNREFUSED"),
  refusedFileGone: refused("unreachable", "input_file_gone"),
  refusedRequest: refused("request", "400"),
  loseAnswer: { type: "loseAnswer", at: 2_100, why: "its process died" },
  giveUpUnsent: { type: "giveUpUnsent" },
  adopt: { type: "adopt", at: 2_200, timeoutAt: 50_000 },
  confirm: { type: "confirm", at: 3_050 },
  disown: { type: "disown", at: 3_050, why: "its lines are another's" },
  revoke: { type: "revoke", at: 2_300, seq: 6 },
  giveUpAttempt: { type: "giveUpAttempt" },
  finishUnsent: { type: "finishUnsent", at: 2_400 },
  observeRunning: {
    type: "observe",
    at: 3_000,
    job: aJob({ counts: { total: 10, completed: 4, failed: 0 } }),
    settled: false,
  },
  observeOver: {
    type: "observe",
    at: 3_000,
    job: aJob({ status: "completed", rawStatus: "completed" }),
    settled: false,
  },
  observeSettled: {
    type: "observe",
    at: 3_100,
    job: aJob({ status: "expired", rawStatus: "expired" }),
    settled: true,
  },
  observeOther: { type: "observe", at: 3_000, job: aJob({ jobId: "batch_9" }), settled: true },
  miss: { type: "miss", at: 3_200, lost: false },
  lose: { type: "miss", at: 3_300, lost: true },
  timeOut: { type: "timeOut", at: 3_400 },
  askCancel: { type: "askCancel", at: 3_500 },
  askCancelSurplus: { type: "askCancelSurplus", at: 3_600, jobId: "batch_2" },
  closeSurplus: { type: "closeSurplus", at: 3_700, jobId: "batch_2", costMicros: 5 },
  recordRaw: { type: "recordRaw", raw: { ...FILE, kind: "results", lines: 10 } },
  commitVerdicts: { type: "commitVerdicts", verdicts: verdictsWith({ succeeded: 10 }) },
  giveUpResults: { type: "giveUpResults" },
  finish: { type: "finish", at: 4_000 },
  finishRemoving: { type: "finish", at: 4_000, removeFiles: true },
  failFiles: { type: "failFiles" },
  closeFiles: { type: "closeFiles", at: 4_050, outcome: "removed" },
  commitRevision: { type: "commitRevision", revision: verdictsWith({ succeeded: 9, failed: 1 }), n: 1 },
  applyRevision: { type: "applyRevision", at: 4_100, n: 1 },
} as const satisfies Record<string, TaskCommand>;

export type CommandName = keyof typeof COMMANDS;

/** The task after commands, each of which has to change something. */
export function after(task: TaskDoc, ...names: readonly CommandName[]): TaskDoc {
  return names.reduce((held, name) => {
    const change = changeTask(held, COMMANDS[name]);
    if (!change) throw new Error(`${name} changes nothing in ${held.state}`);
    return change.next;
  }, task);
}

const signalled = (task: TaskDoc, ...signals: readonly Signal[]): TaskDoc =>
  signals.reduce((held, signal) => applySignal("task", held, signal), task);

const END: Signal = { type: "end", at: 1_250, why: "cancelled" };
const seen = (jobId: string): Signal => ({ type: "job", jobId, at: 1_260, how: "adopted" });

const guessed: Signal = { type: "job", jobId: "batch_1", at: 2_150, how: "provisional" };

const packing = newTask({
  id: TASK_ID,
  by: "nonce",
  owner: "packer",
  leaseUntil: 5_000,
  ...POOL,
  provider: "openai",
  poolKey: poolKey(POOL),
  priority: 0,
});
const planned = after(packing, "seal");
const submitting = after(planned, "admit");
const filed = after(submitting, "recordFile");
const sent = after(filed, "recordIntent");
const unknown = after(sent, "loseAnswer");
const revoked = after(unknown, "revoke");
const running = after(sent, "created");
const guess = after(signalled(revoked, guessed), "adopt");
const harvesting = after(running, "observeSettled");
const settling = after(harvesting, "recordRaw", "commitVerdicts");
const ended = after(settling, "finish");
const again = signalled(ended, { type: "again", n: 1 });

const BY_STATE = {
  packing: { packing, "packing.found": signalled(packing, seen("batch_1")) },
  void: { void: after(planned, "void"), "void.surplus": signalled(after(planned, "void"), seen("batch_2")) },
  planned: {
    planned,
    "planned.tried": after(sent, "refusedLimit"),
    "planned.ended": signalled(planned, END),
    "planned.found": signalled(planned, seen("batch_1")),
  },
  submitting: {
    submitting,
    "submitting.filed": filed,
    "submitting.ended": signalled(filed, END),
    "submitting.found": signalled(filed, seen("batch_1")),
    "submitting.sent": sent,
    "submitting.sent.found": signalled(sent, seen("batch_7")),
  },
  unknown: {
    unknown,
    "unknown.revoked": revoked,
    "unknown.found": signalled(revoked, seen("batch_1")),
    "unknown.guess": signalled(revoked, guessed),
  },
  running: {
    running,
    "running.ended": signalled(running, END),
    "running.over": after(running, "observeOver"),
    "running.missing": after(running, "miss"),
    "running.surplus": signalled(running, seen("batch_2")),
    "running.guess": guess,
    "running.replaced": signalled(guess, seen("batch_7")),
  },
  harvesting: {
    harvesting,
    "harvesting.raw": after(harvesting, "recordRaw"),
    "harvesting.gone": after(harvesting, "giveUpResults"),
  },
  settling: { settling },
  ended: {
    ended,
    "ended.void": after(planned, "void", "endVoid"),
    "ended.again": again,
    "ended.revised": after(again, "commitRevision"),
    "ended.surplus": signalled(ended, seen("batch_2")),
    "ended.files": after(settling, "finishRemoving"),
  },
} as const satisfies { readonly [S in TaskState]: Readonly<Record<string, TaskDoc>> };

type NamesOf<T> = T extends unknown ? Extract<keyof T, string> : never;
export type Situation = NamesOf<(typeof BY_STATE)[TaskState]>;

/** A task in each situation; the name begins with its state. */
export const SITUATIONS: Readonly<Record<Situation, TaskDoc>> = Object.assign(
  {},
  ...Object.values(BY_STATE),
) as Readonly<Record<Situation, TaskDoc>>;
