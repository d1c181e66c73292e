/** Takes jobs through their course by the clock: reads and answers the input, delivers results, writes down the end. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobError, LedgerRecord, StoredFile } from "../ledgerRecord.ts";
import { diskName, storedPath } from "../storedPath.ts";
import type { Attempts } from "./attempts.ts";
import { limitAfterCreate } from "./enqueued.ts";
import type { InputAnswers, Unfinished } from "./inputAnswers.ts";
import { type Job, type JobBook, courseOf } from "./jobBook.ts";
import { inputPathOf, ownInputPath } from "./jobInput.ts";
import type { JobTrade } from "./jobTrade.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const READ_AT_ONCE = 2;
const NOTHING = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** The runner of a provider's jobs. */
export interface JobRunner {
  /** Looks at a job that is new or has changed. */
  follow(job: Job): void;
  /** Stops all timers and waits for what is being written. */
  close(): Promise<void>;
}

/** A runner that keeps files in `folder` and writes down every step. */
export function jobRunner(deps: {
  readonly folder: string;
  readonly record: (entry: LedgerRecord) => Promise<void>;
  readonly book: JobBook;
  readonly attempts: Attempts;
  readonly trade: JobTrade;
  readonly now: () => number;
  readonly onError: (error: unknown, jobId: string) => void;
}): JobRunner {
  const { folder, record, book, attempts, trade, now } = deps;
  const timers = new Map<string, NodeJS.Timeout>();
  const working = new Map<string, Promise<void>>();
  const again = new Set<string>();
  let slots = READ_AT_ONCE;
  const queue: (() => void)[] = [];
  let closed = false;

  const partPath = (jobId: string, which: "output" | "error") =>
    join(folder, "parts", `${diskName(jobId)}.${which}`);

  async function answers(job: Job, share: number, unfinished: Unfinished): Promise<InputAnswers> {
    if (slots === 0) await new Promise<void>((resolve) => queue.push(resolve));
    else slots -= 1;
    try {
      const { jobId } = job.create;
      return await trade.answer(job, {
        inputPath: inputPathOf(folder, job.create),
        share,
        unfinished,
        outputPath: partPath(jobId, "output"),
        errorPath: partPath(jobId, "error"),
        attempts,
      });
    } finally {
      const next = queue.shift();
      if (next) next();
      else slots += 1;
    }
  }

  async function readInput(job: Job): Promise<void> {
    const expiry = job.faults.find((fault) => fault.what === "expire");
    const read = await answers(job, expiry?.share ?? 1, "expired");
    const errors: JobError[] = [...read.errors];
    const failure = trade.fails && job.faults.find((fault) => fault.what === "fail");
    if (failure)
      errors.push({
        code: failure.code,
        message: failure.message ?? `The batch failed: ${failure.code}.`,
        line: failure.line,
        param: null,
      });
    const limit = errors.length === 0 && trade.fails ? limitAfterCreate(job, read, book) : null;
    if (limit) errors.push(trade.limitError(limit));
    job.answers = errors.length === 0 ? read : null;
    await record({
      kind: "read",
      at: now(),
      jobId: job.create.jobId,
      model: read.model,
      lines: read.lines,
      inputTokens: read.inputTokens,
      errors,
    });
  }

  async function deliver(
    job: Job,
    which: "output" | "error",
    bytes: number | null,
  ): Promise<StoredFile | null> {
    const { account, jobId } = job.create;
    const part = partPath(jobId, which);
    if (bytes === null) {
      await rm(part, { force: true });
      return null;
    }
    const createdAt = now();
    const file = trade.resultFile(job, which, createdAt);
    await rename(part, storedPath(folder, file.id));
    return { ...file, account, bytes, createdAt };
  }

  async function discardInput({ jobId, inputFileId }: Job["create"]): Promise<void> {
    if (inputFileId === null) await rm(ownInputPath(folder, jobId), { force: true });
    else if (book.isDiscarded(inputFileId)) await rm(storedPath(folder, inputFileId), { force: true });
  }

  async function end(job: Job): Promise<void> {
    const { end: status, share, startsAt } = courseOf(job);
    const { create } = job;
    if (status === null) return;
    const withheld =
      trade.withholds &&
      status !== "completed" &&
      job.faults.some(({ what }) => what === "no_partial_results");
    const began = startsAt !== null || trade.namesEveryLine;
    const delivers = status !== "failed" && began && !withheld;
    const unfinished = status === "cancelled" ? "cancelled" : "expired";
    let found = delivers ? job.answers : null;
    // Lines that a cancellation left undone are known only now; after a restart nothing lies ready.
    if (delivers && (!found || found.share !== share || (share < 1 && found.unfinished !== unfinished)))
      found = await answers(job, share, unfinished);
    if (found) attempts.keep(create.jobId, found.struck);
    const output = await deliver(job, "output", found?.outputBytes ?? null);
    const errorFile = await deliver(job, "error", found?.errorBytes ?? null);
    await record({
      kind: "ended",
      at: now(),
      jobId: create.jobId,
      status,
      lines: job.read?.lines ?? create.inputLines ?? 0,
      counts: found?.counts ?? { completed: 0, failed: 0 },
      charge: found?.charge ?? NOTHING,
      output,
      errorFile,
    });
    attempts.take(create.jobId);
    await discardInput(create);
  }

  async function work(job: Job): Promise<void> {
    if (job.ended) return;
    const cancelledEarly = job.cancelAskedAt !== null && courseOf(job).startsAt === null;
    if (!job.read && !cancelledEarly) await readInput(job);
    const { overAt } = courseOf(job);
    if (overAt === null || closed) return;
    const waitMs = overAt - now();
    if (waitMs <= 0) return end(job);
    if (waitMs === Infinity) return;
    timers.set(
      job.create.jobId,
      setTimeout(() => follow(job), Math.min(waitMs, LONGEST_TIMER_MS)),
    );
  }

  function follow(job: Job): void {
    const { jobId } = job.create;
    if (closed || job.ended) return;
    clearTimeout(timers.get(jobId));
    timers.delete(jobId);
    if (working.has(jobId)) {
      again.add(jobId);
      return;
    }
    working.set(
      jobId,
      work(job)
        .catch((error: unknown) => deps.onError(error, jobId))
        .finally(() => {
          working.delete(jobId);
          if (again.delete(jobId)) follow(job);
        }),
    );
  }

  return {
    follow,
    async close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(working.values());
    },
  };
}
