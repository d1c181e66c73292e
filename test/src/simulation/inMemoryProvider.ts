import type { BatchProvider, CreateAnswer, JobSnapshot, JobStatus } from "@granary/domain";
import { ProviderTrouble } from "@granary/domain";
import type { Random } from "./random.ts";

/** One create that the provider carried out, whatever its caller heard of it. */
export interface CreatedJob {
  readonly jobId: string;
  readonly tag: string;
  readonly model: string;
  readonly customIds: readonly string[];
  readonly createdAt: number;
  /** From when on a listing shows it. */
  readonly listedAt: number;
  /** When its work is done, and when it can show all of it. */
  endsAt: number;
  settledAt: number;
  end: Extract<JobStatus, "completed" | "failed" | "expired" | "cancelled">;
  errors: JobSnapshot["errors"];
  cancelAskedAt: number | null;
  results: string | null;
  failures: string | null;
  completed: number;
  failed: number;
  /** While it is denied although it is there; once in its life at most, so that an absence never lasts. */
  denied: { readonly from: number; readonly to: number } | null;
}

/** Stands in place of a tag at jobs that are not ours. */
const FOREIGN = "";

/** What a poisonous answer breaks with: expected, and no incident. */
export const POISON = "an answer nobody can stand";

/** How the provider behaves; drawn from the seed. */
export interface ProviderMood {
  readonly chaos: () => boolean;
  /** Longest time a new job is missing from listings, in milliseconds. */
  readonly listLagMs: number;
  readonly longestJobMs: number;
  /** Whether a deleted file stops a create that names it, as it should. */
  readonly revocable: boolean;
  /** Whether asking after one job may break whoever asks, again and again, until the faults end. */
  readonly poisonous: boolean;
  /** Whether jobs may be rejected, for a limit or for their content. */
  readonly rejects: boolean;
  /** Whether listings keep a job's tag to themselves: only the custom ids in its results show it. */
  readonly hidesTags: boolean;
  /** Whether the key is refused just now. */
  readonly keyRefused: () => boolean;
  /** Whether files expire about an hour after they came, which is when they are thought too old to be used. */
  readonly shortFiles: boolean;
  /** For how long a job may be denied in a row. */
  readonly denialMs: number;
}

/** A provider in memory, as forgetful, slow and ambiguous as the real ones, with a ledger of every create. */
export interface InMemoryProvider {
  readonly provider: BatchProvider;
  readonly jobs: readonly CreatedJob[];
  /** Jobs of other programs under the same key. */
  readonly foreign: readonly CreatedJob[];
  /** Another program creates a job of so many lines. */
  createForeign(lines: number): void;
  /** Result files that were removed, as `<job>.results` and `<job>.errors`. */
  readonly removed: ReadonlySet<string>;
  /** Most jobs that were under way at once. */
  readonly mostLive: () => number;
  /** Tags whose create or job was turned down for what it is, not for when it came. */
  readonly turnedDown: ReadonlySet<string>;
}

export function inMemoryProvider(now: () => number, chance: Random, mood: ProviderMood): InMemoryProvider {
  const files = new Map<string, readonly string[]>();
  const removed = new Set<string>();
  const jobs: CreatedJob[] = [];
  const foreign: CreatedJob[] = [];
  /** All of them, as a listing has them. */
  const all: CreatedJob[] = [];
  const turnedDown = new Set<string>();
  let serial = 0;
  let mostLive = 0;
  const trouble = (): void => {
    if (mood.keyRefused()) throw new ProviderTrouble("account", "401", "simulated: the key is refused");
    if (!mood.chaos() || !chance.chance(0.08)) return;
    const why = chance.pick(["limit", "unreachable", "unavailable", "account"] as const);
    throw new ProviderTrouble(why, why, `simulated: ${why}`);
  };

  function create(tag: string, model: string, lines: readonly string[]): CreatedJob {
    const at = now();
    const customIds = lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
    const endsAt = at + 50 + chance.below(mood.longestJobMs);
    const job: CreatedJob = {
      jobId: `batch_${serial++}`,
      tag,
      model,
      customIds,
      createdAt: at,
      listedAt: at + chance.below(mood.listLagMs + 1),
      endsAt,
      settledAt: endsAt + (chance.chance(0.3) ? chance.below(1_500) : 0),
      end: "completed",
      errors: [],
      cancelAskedAt: null,
      results: null,
      failures: null,
      completed: 0,
      failed: 0,
      denied: null,
    };
    all.push(job);
    if (tag === FOREIGN) {
      foreign.push(job);
      return job;
    }
    const fate = mood.chaos() && mood.rejects ? chance.next() : 1;
    if (fate < 0.06) {
      job.end = "failed";
      job.errors = [{ code: "token_limit_exceeded", message: "too many tokens enqueued", line: null }];
    } else if (fate < 0.12) {
      job.end = "failed";
      const line = chance.chance(0.5) ? 1 + chance.below(lines.length) : null;
      job.errors = [{ code: "invalid_request", message: "a line cannot be read", line }];
    } else if (fate < 0.2) job.end = "expired";
    if (job.end === "failed") turnedDown.add(tag);
    jobs.push(job);
    mostLive = Math.max(mostLive, jobs.filter(({ endsAt: until }) => until > at).length);
    return job;
  }

  function finish(job: CreatedJob): void {
    if (job.results !== null || now() < job.endsAt) return;
    const results: string[] = [];
    const failures: string[] = [];
    for (const id of job.end === "failed" ? [] : job.customIds) {
      const cut = job.end !== "completed" && chance.chance(0.5);
      const fate = mood.chaos() ? chance.next() : 0.1;
      // Each line of a provider that hides tags is answered somehow: that is how a job is known.
      if (mood.hidesTags && results.length + failures.length === 0) results.push(answerLine(id, "stop"));
      else if (cut) failures.push(errorLine(id, job.end === "expired" ? "batch_expired" : "batch_cancelled"));
      else if (fate < 0.7) results.push(answerLine(id, "stop"));
      else if (fate < 0.75) results.push(answerLine(id, "length"));
      else if (fate < 0.78) results.push(answerLine(id, "content_filter"));
      else if (fate < 0.88) failures.push(errorLine(id, "server_error"));
      else if (fate < 0.92) results.push(answerLine(id, "stop"), answerLine(id, "stop"));
      else if (fate < 0.95) results.push(`{"custom_id":"${id}","resp`);
      // Otherwise the line is missing.
    }
    if (mood.chaos() && chance.chance(0.1)) results.push(answerLine("nobody-0", "stop"), "");
    shuffle(results, chance);
    job.results = results.join("\n");
    job.failures = failures.join("\n");
    job.completed = results.filter((line) => line !== "").length;
    job.failed = failures.length;
  }

  function snapshot(job: CreatedJob): JobSnapshot {
    finish(job);
    const over = now() >= job.endsAt;
    const shown = now() >= job.settledAt;
    const status: JobStatus = over ? job.end : job.cancelAskedAt === null ? "running" : "cancelling";
    return {
      jobId: job.jobId,
      tag: mood.hidesTags || job.tag === FOREIGN ? null : job.tag,
      rawStatus: status,
      status,
      counts:
        over && job.end !== "failed"
          ? countsOf(job)
          : mood.hidesTags
            ? { total: job.customIds.length, completed: 0, failed: 0 }
            : null,
      files: {
        ...(over && shown && job.results ? { results: `${job.jobId}.results` } : {}),
        ...(over && shown && job.failures ? { errors: `${job.jobId}.errors` } : {}),
      },
      inputFileId: null,
      createdAt: job.createdAt,
      expiresAt: job.createdAt + 86_400_000,
      errors: over ? job.errors : [],
      usage: null,
    };
  }

  /** Whether one job is denied: it has been denied before, and the denial is taken back. */
  function isDenied(job: CreatedJob): boolean {
    if (!mood.chaos()) return false;
    if (mood.denialMs === 0) return chance.chance(0.03);
    if (!job.denied && chance.chance(0.05)) job.denied = { from: now(), to: now() + mood.denialMs };
    return job.denied !== null && now() <= job.denied.to;
  }

  const byId = (jobId: string): CreatedJob | undefined => all.find((job) => job.jobId === jobId);
  const provider: BatchProvider = {
    async upload(lines) {
      trouble();
      const whole: string[] = [];
      for await (const line of lines) whole.push(line);
      const fileId = `file_${serial++}`;
      files.set(fileId, whole);
      const expiresAt = mood.shortFiles ? now() + 3_600_000 + chance.below(3_000) : null;
      return { fileId, bytes: whole.join("\n").length, expiresAt };
    },
    async create({ tag, input, model }): Promise<CreateAnswer> {
      if (mood.keyRefused()) return refused("account");
      let lines: readonly string[] | undefined;
      try {
        lines = "fileId" in input ? files.get(input.fileId) : await Array.fromAsync(input.lines);
      } catch (error) {
        // A body that broke off was sent in part: nobody knows what the provider makes of it.
        return { type: "unknown", code: "body_broke", message: String(error) };
      }
      const fate = mood.chaos() ? chance.next() : 1;
      if (fate < 0.05) return refused(chance.pick(["limit", "account", "unreachable"] as const));
      if (fate < 0.07) {
        turnedDown.add(tag);
        return refused("request");
      }
      if (fate < 0.15) return { type: "unknown", code: "500", message: "broke before it was created" };
      if (!lines)
        return { type: "refused", why: "unreachable", code: "input_file_gone", message: "no such file" };
      const job = create(tag, model, lines);
      if (fate < 0.3) return { type: "unknown", code: "reset", message: "answer lost" };
      return { type: "created", job: snapshot(job) };
    },
    async list({ after }) {
      trouble();
      const shown = all.filter(({ listedAt }) => listedAt <= now()).toReversed();
      const from = after === null ? 0 : shown.findIndex(({ jobId }) => jobId === after) + 1;
      const page = shown.slice(from, from + 5);
      return {
        jobs: page.map(snapshot),
        next: from + 5 < shown.length ? (page.at(-1)?.jobId ?? null) : null,
      };
    },
    async get(jobId) {
      trouble();
      if (mood.chaos() && mood.poisonous && jobId === "batch_1") throw new Error(POISON);
      const job = byId(jobId);
      if (!job || isDenied(job)) return null;
      return snapshot(job);
    },
    async download(fileId) {
      trouble();
      const job = byId(fileId.split(".")[0] ?? "");
      const text = fileId.endsWith(".results") ? job?.results : job?.failures;
      if (text === undefined || text === null || removed.has(fileId))
        throw new ProviderTrouble("not_found", "404", "no such file");
      const cut = mood.chaos() && chance.chance(0.1);
      return { bytes: chunks(cut ? text.slice(0, text.length / 2) : `${text}\n`), length: null };
    },
    async cancel(jobId) {
      trouble();
      const job = byId(jobId);
      if (!job || now() >= job.endsAt) return false;
      if (job.cancelAskedAt === null) {
        job.cancelAskedAt = now();
        const cancelledAt = now() + chance.below(800);
        if (cancelledAt < job.endsAt && job.end !== "failed") {
          job.end = "cancelled";
          job.endsAt = cancelledAt;
          job.settledAt = cancelledAt;
        }
      }
      return true;
    },
    async remove(fileId) {
      trouble();
      if (byId(fileId.split(".")[0] ?? "")) {
        const isNew = !removed.has(fileId);
        removed.add(fileId);
        return isNew;
      }
      return mood.revocable ? files.delete(fileId) : files.has(fileId);
    },
  };
  return {
    provider,
    jobs,
    foreign,
    removed,
    createForeign(lines) {
      const ids = Array.from({ length: lines }, (_, line) => `theirs-${line}`);
      create(
        FOREIGN,
        "gpt-4o-mini",
        ids.map((id) => JSON.stringify({ custom_id: id })),
      );
    },
    mostLive: () => mostLive,
    turnedDown,
  };
}

function countsOf({ customIds, completed, failed }: CreatedJob): JobSnapshot["counts"] {
  // Lines that nobody can account for are counted as done: that is how they come to be missed.
  return { total: customIds.length, completed: Math.min(completed, customIds.length), failed };
}

function refused(why: "limit" | "account" | "unreachable" | "request"): CreateAnswer {
  return { type: "refused", why, code: why, message: `simulated: ${why}`, retryAfterMs: 100 };
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300);
}

function shuffle(lines: string[], chance: Random): void {
  for (let last = lines.length - 1; last > 0; last -= 1) {
    const other = chance.below(last + 1);
    [lines[last], lines[other]] = [lines[other] ?? "", lines[last] ?? ""];
  }
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

function answerLine(customId: string, finish: "stop" | "length" | "content_filter"): string {
  const message = { role: "assistant", content: JSON.stringify({ answer: customId }), refusal: null };
  const body = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o-mini",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: USAGE,
  };
  return JSON.stringify({
    id: "batch_req_1",
    custom_id: customId,
    response: { status_code: 200, request_id: "req_1", body },
    error: null,
  });
}

function errorLine(customId: string, code: string): string {
  if (code !== "server_error")
    return JSON.stringify({
      id: "batch_req_1",
      custom_id: customId,
      response: null,
      error: { code, message: "did not finish" },
    });
  const body = {
    error: { message: "The server had an error", type: "server_error", param: null, code: null },
  };
  return JSON.stringify({
    id: "batch_req_1",
    custom_id: customId,
    response: { status_code: 500, request_id: "req_1", body },
    error: null,
  });
}
