/** The closed lists that labels come from. No label ever holds an id, a file name, a URL or a message. */
import type {
  BatchProvider,
  Kind,
  RequestResult,
  RequestState,
  Role,
  SchemaDrift,
  TaskState,
} from "@granary/domain";
import { FAILURE_REASONS } from "@granary/domain";

export const TASK_STATES = [
  "packing",
  "void",
  "planned",
  "submitting",
  "unknown",
  "running",
  "harvesting",
  "settling",
  "ended",
] as const satisfies readonly TaskState[];

/** Every change of a task's state that the state table knows. */
export const TASK_TRANSITIONS = [
  ["packing", "planned"],
  ["packing", "void"],
  ["void", "ended"],
  ["planned", "void"],
  ["planned", "submitting"],
  ["planned", "running"],
  ["planned", "harvesting"],
  ["submitting", "planned"],
  ["submitting", "unknown"],
  ["submitting", "running"],
  ["submitting", "harvesting"],
  ["unknown", "planned"],
  ["unknown", "running"],
  ["running", "harvesting"],
  ["harvesting", "settling"],
  ["settling", "ended"],
] as const satisfies readonly (readonly [TaskState, TaskState])[];

export const REQUEST_STATES = [
  "accepted",
  "running",
  "closing",
  "ended",
] as const satisfies readonly RequestState[];

export const REQUEST_RESULTS = [
  "succeeded",
  "partial",
  "cancelled",
  "timed_out",
  "failed",
] as const satisfies readonly RequestResult[];

export const KINDS = ["request", "task", "account", "sweep"] as const satisfies readonly Kind[];
export const ROLES = ["submitter", "monitor", "harvester"] as const satisfies readonly Role[];

/** Why a write found the document other than it was read. */
export const CONFLICTS = ["version", "claim", "state"] as const;
export type Conflict = (typeof CONFLICTS)[number];

export const SUBMISSIONS = ["created", "adopted", "refused", "unknown"] as const;
export type Submission = (typeof SUBMISSIONS)[number];

export const OPERATIONS = [
  "upload",
  "create",
  "list",
  "get",
  "download",
  "cancel",
  "remove",
] as const satisfies readonly (keyof BatchProvider)[];
export type Operation = (typeof OPERATIONS)[number];

export const CALL_OUTCOMES = [
  "ok",
  "rate_limited",
  "client_error",
  "server_error",
  "timeout",
  "network",
  "not_found",
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** How a job is looked at: by itself, or on a page of the list. */
export const POLL_MODES = ["get", "list"] as const;

export const DOWNLOADS = ["ok", "truncated", "error"] as const;

/** What became of a line of a job: its item's end, travels again, or nobody waited for it. */
export const LINE_OUTCOMES = [
  "succeeded",
  ...FAILURE_REASONS,
  "expired",
  "cancelled",
  "retried",
  "duplicate",
  "foreign",
  "detached",
] as const;
export type LineOutcome = (typeof LINE_OUTCOMES)[number];

/** What came of removing an ended task's files at the provider: `failed` is tried again, `left` is not. */
export const FILE_REMOVALS = ["removed", "failed", "left"] as const;

/** What drifts: a job of the provider's, or a line of a result file. */
export const DRIFT_OBJECTS = ["job", "line"] as const satisfies readonly SchemaDrift["object"][];

export const TOKEN_DIRECTIONS = ["input", "output", "cached"] as const;

/** States whose length the documents record. */
export const TIMED_STATES = ["planned", "running", "harvesting"] as const satisfies readonly TaskState[];

/** What an account can be paused for: its creates of a model, or everything. */
export const PAUSES = ["create", "all"] as const;

/** Where a process writes: the artifacts, and the store where it is a file. */
export const DISKS = ["artifacts", "store"] as const;

/** How a command was handled: by its answer, or it comes again. */
export const COMMAND_OUTCOMES = ["accepted", "rejected", "conflict", "ended", "retried"] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

/** Why a message could never be a command. */
export const DEAD_REASONS = [
  "not_utf8",
  "not_json",
  "not_cloudevents",
  "unknown_version",
  "unknown_command",
  "wrong_subject",
  "too_large",
  "other",
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

/** A provider's name, of an account's id. */
export function providerOf(account: string): string {
  return account.split(":", 1)[0] ?? account;
}

/** Every combination of the values of several labels. */
export function combinations<L extends Readonly<Record<string, readonly string[]>>>(
  labels: L,
): readonly { [N in keyof L]: L[N][number] }[] {
  let rows: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels))
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  return rows as { [N in keyof L]: L[N][number] }[];
}
