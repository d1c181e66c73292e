import { z } from "zod";
import { providers } from "./provider.ts";

const share = z.number().min(0).max(1);
const milliseconds = z.number().min(0);

/** The calls a fault can strike. */
export const operations = ["create", "list", "get", "download", "upload", "cancel", "delete"] as const;

/** A call a fault can strike. */
export type Operation = (typeof operations)[number];

/**
 * Which occurrences are struck. Occurrences are those that `provider`, `model`, `tag` and `account` fit, counted from 1.
 * With `nth`, that one and the following ones, `times` in all (1 unless told); without, every one, at most
 * `times`; with `rate`, a share of them chosen by the seed.
 */
const match = {
  nth: z.int().positive().optional(),
  times: z.int().positive().optional(),
  rate: share.optional(),
  provider: z.enum(providers).optional(),
  model: z.string().optional(),
  /** Part of the job's tag. */
  tag: z.string().optional(),
  account: z.string().optional(),
};

const anyCall = { on: z.enum(operations), ...match };
const upload = { on: z.literal("upload"), ...match };
const download = { on: z.literal("download"), ...match };
const job = { on: z.literal("job"), ...match };
/** Lines of the result file that are hit: a share of them spread evenly, or the first `count` (1 unless told). */
const hit = { share: share.optional(), count: z.int().positive().optional() };

const requestFaults = [
  z.strictObject({ ...anyCall, what: z.literal("rate_limited"), retryAfterMs: milliseconds.default(1_000) }),
  z.strictObject({ ...anyCall, what: z.literal("quota_exhausted") }),
  z.strictObject({ ...anyCall, what: z.literal("server_error"), status: z.int().min(500).default(500) }),
  z.strictObject({ ...anyCall, what: z.literal("unauthorized") }),
  /** The key is good, and may not do this. */
  z.strictObject({ ...anyCall, what: z.literal("forbidden") }),
  z.strictObject({ ...anyCall, what: z.literal("not_found") }),
  /** The connection is reset before anything happened. */
  z.strictObject({ ...anyCall, what: z.literal("reset") }),
  /** The call is carried out only after a while. */
  z.strictObject({ ...anyCall, what: z.literal("held"), delayMs: milliseconds }),
  /** The call is carried out at once, and answered after a while. */
  z.strictObject({ ...anyCall, what: z.literal("late"), delayMs: milliseconds }),
  /** The call is carried out, and the connection destroyed in place of an answer. */
  z.strictObject({ ...anyCall, what: z.literal("response_lost") }),
  /** The call is carried out, and answered with an error. */
  z.strictObject({ ...anyCall, what: z.literal("error_after"), status: z.int().min(500).default(500) }),
  /** The body ends early: with a broken connection, or, where not `announced`, as if that were all. */
  z.strictObject({
    ...download,
    what: z.literal("truncated"),
    share: share.default(0.5),
    announced: z.boolean().default(true),
  }),
  /** No more bytes for a while, after a share of them. */
  z.strictObject({
    ...download,
    what: z.literal("stalled"),
    share: share.default(0.5),
    stallMs: milliseconds,
  }),
  /** One byte in the middle is another one. */
  z.strictObject({ ...download, what: z.literal("altered") }),
  /** The uploaded file expires after this. Anthropic has no uploads. */
  z.strictObject({ ...upload, what: z.literal("short_lived"), ms: milliseconds }),
] as const;

const jobFaults = [
  /** The job expires with this share of its lines finished. */
  z.strictObject({ ...job, what: z.literal("expire"), share: share.default(0.5) }),
  /** The job fails after validation, such as for a limit. Anthropic's jobs do not fail as a whole. */
  z.strictObject({
    ...job,
    what: z.literal("fail"),
    code: z.string().default("token_limit_exceeded"),
    message: z.string().optional(),
    line: z.int().positive().nullable().default(null),
  }),
  /** The job does not move: at Gemini it stays pending. */
  z.strictObject({ ...job, what: z.literal("stuck") }),
  /** All lines are done, and the job is not: `finalizing` at OpenAI, still running at the others. */
  z.strictObject({ ...job, what: z.literal("hang_finalizing"), ms: milliseconds }),
  z.strictObject({ ...job, what: z.literal("slow_cancel"), ms: milliseconds }),
  /** Ended, with counts, but its files (Anthropic: its `results_url`) are not named for a while. */
  z.strictObject({ ...job, what: z.literal("late_output_file"), ms: milliseconds }),
  /** Ended and named, but 404 to whoever fetches the results for a while. */
  z.strictObject({ ...job, what: z.literal("results_lag"), ms: milliseconds }),
  /** Where there is no such file its id is an empty string. OpenAI only: the others name no file that is not there. */
  z.strictObject({ ...job, what: z.literal("empty_file_ids") }),
  /** For a while after it has started the job has a status nobody knows. */
  z.strictObject({
    ...job,
    what: z.literal("unknown_status"),
    status: z.string().default("paused"),
    ms: milliseconds,
  }),
  /** Absent from the list for a while after its create. */
  z.strictObject({ ...job, what: z.literal("list_lag"), ms: milliseconds }),
  /** 404 to whoever asks for it for a while after its create. */
  z.strictObject({ ...job, what: z.literal("get_lag"), ms: milliseconds }),
  z.strictObject({ ...job, what: z.literal("all_lines_fail") }),
  /** The next four and the three after them spoil the file with the results, and inline answers where they can. */
  z.strictObject({ ...job, what: z.literal("duplicate_lines"), ...hit }),
  z.strictObject({ ...job, what: z.literal("missing_lines"), ...hit }),
  z.strictObject({ ...job, what: z.literal("corrupt_lines"), ...hit }),
  /** Lines of another job stand among the results. */
  z.strictObject({ ...job, what: z.literal("foreign_lines"), ...hit }),
  z.strictObject({ ...job, what: z.literal("oversized_line"), bytes: z.int().positive(), ...hit }),
  /** A byte that is no UTF-8 stands in the middle of a line. */
  z.strictObject({ ...job, what: z.literal("invalid_utf8"), ...hit }),
  /** A NUL stands in the middle of a line, as a disk leaves it that lost a page. */
  z.strictObject({ ...job, what: z.literal("nul_bytes"), ...hit }),
  z.strictObject({ ...job, what: z.literal("out_of_order") }),
  /** These three spoil files; answers that come inline have no lines. */
  z.strictObject({ ...job, what: z.literal("crlf") }),
  z.strictObject({ ...job, what: z.literal("bom") }),
  z.strictObject({ ...job, what: z.literal("no_last_newline") }),
  /** Gemini: the answers come inline although the requests came in a file. */
  z.strictObject({ ...job, what: z.literal("inline_answers") }),
  /** Gemini: the answers come in a file although the requests came inline. */
  z.strictObject({ ...job, what: z.literal("file_answers") }),
  /** Gemini: the key stands where the other way of answering has it. */
  z.strictObject({ ...job, what: z.literal("key_elsewhere") }),
  /** Gemini: states are spelt `JOB_STATE_…`, and tell of a cancellation that is under way. */
  z.strictObject({ ...job, what: z.literal("other_spelling") }),
  /** Gemini: a job that expires or is cancelled delivers nothing of what was done, as its documentation has it. */
  z.strictObject({ ...job, what: z.literal("no_partial_results") }),
] as const;

/** The schema of a fault that strikes calls. */
export const requestFault = z.discriminatedUnion("what", requestFaults);

/** The schema of a fault that a job carries from its create on. */
export const jobFault = z.discriminatedUnion("what", jobFaults);

/** The schema of any fault of a scenario. */
export const fault = z.discriminatedUnion("what", [...requestFaults, ...jobFaults]);

/** A fault of a call. */
export type RequestFault = z.output<typeof requestFault>;

/** A fault of a job. */
export type JobFault = z.output<typeof jobFault>;

/** A fault of a scenario. */
export type Fault = z.output<typeof fault>;

/** Whether a fault belongs to jobs rather than to calls. */
export function isJobFault(candidate: Fault): candidate is JobFault {
  return candidate.on === "job";
}
