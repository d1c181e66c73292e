/** Takes batches through their course by the clock: reads and answers the input, delivers results, writes down the end. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../ledger.ts";
import type { JobError, LedgerRecord, StoredFile } from "../ledgerRecord.ts";
import { hexOf } from "../seeded.ts";
import { type InputAnswers, answerInput } from "./answerInput.ts";
import type { Attempts } from "./attempts.ts";
import { type Batch, type BatchBook, courseOf } from "./batchBook.ts";
import type { Endpoint } from "./bodyFault.ts";
import { enqueuedFault } from "./enqueued.ts";
import { openaiModels } from "./models.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const READ_AT_ONCE = 2;
const NOTHING = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** The runner of batches. */
export interface BatchRunner {
  /** Looks at a batch that is new or has changed. */
  follow(batch: Batch): void;
  /** Stops all timers and waits for what is being written. */
  close(): Promise<void>;
}

/** Id of a batch's result file: the same after a restart. */
function resultFileId(jobId: string, which: "output" | "error"): string {
  return `file-${hexOf(`${jobId}:${which}`).slice(0, 24)}`;
}

/** A runner that keeps files in `folder` and writes down every step in the ledger. */
export function batchRunner(deps: {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly book: BatchBook;
  readonly attempts: Attempts;
  readonly now: () => number;
  readonly onError: (error: unknown, jobId: string) => void;
}): BatchRunner {
  const { folder, ledger, book, attempts, now } = deps;
  const timers = new Map<string, NodeJS.Timeout>();
  const working = new Map<string, Promise<void>>();
  const again = new Set<string>();
  let slots = READ_AT_ONCE;
  const queue: (() => void)[] = [];
  let closed = false;

  async function record(entry: LedgerRecord): Promise<void> {
    await ledger.append(entry);
    book.apply(entry);
  }

  const partPath = (jobId: string, which: "output" | "error") => join(folder, "parts", `${jobId}.${which}`);

  async function answers(batch: Batch, share: number, cancelled: boolean): Promise<InputAnswers> {
    if (slots === 0) await new Promise<void>((resolve) => queue.push(resolve));
    else slots -= 1;
    try {
      const { create, scenario, faults } = batch;
      return await answerInput({
        jobId: create.jobId,
        createdAt: create.at,
        endpoint: create.endpoint as Endpoint,
        inputPath: join(folder, "files", create.inputFileId),
        scenario,
        faults,
        share,
        unfinished: cancelled ? "batch_cancelled" : "batch_expired",
        outputPath: partPath(create.jobId, "output"),
        errorPath: partPath(create.jobId, "error"),
        attempts,
        isKnownModel: (model) => openaiModels.includes(model) || scenario.models.includes(model),
      });
    } finally {
      const next = queue.shift();
      if (next) next();
      else slots += 1;
    }
  }

  async function readInput(batch: Batch): Promise<void> {
    const expiry = batch.faults.find((fault) => fault.what === "expire");
    const read = await answers(batch, expiry?.share ?? 1, false);
    const errors: JobError[] = [...read.errors];
    const failure = batch.faults.find((fault) => fault.what === "fail");
    if (failure)
      errors.push({
        code: failure.code,
        message: failure.message ?? `The batch failed: ${failure.code}.`,
        line: failure.line,
        param: null,
      });
    const limit = errors.length === 0 && enqueuedFault(batch, read, book);
    if (limit) errors.push(limit);
    batch.answers = errors.length === 0 ? read : null;
    await record({
      kind: "read",
      at: now(),
      jobId: batch.create.jobId,
      model: read.model,
      lines: read.lines,
      inputTokens: read.inputTokens,
      errors,
    });
  }

  async function deliver(
    batch: Batch,
    which: "output" | "error",
    bytes: number | null,
  ): Promise<StoredFile | null> {
    const { create } = batch;
    const part = partPath(create.jobId, which);
    if (bytes === null) {
      await rm(part, { force: true });
      return null;
    }
    const id = resultFileId(create.jobId, which);
    await rename(part, join(folder, "files", id));
    const createdAt = now();
    const keptSeconds = create.outputExpiresAfterSeconds;
    return {
      id,
      account: create.account,
      filename: `${create.jobId}_${which}.jsonl`,
      purpose: "batch_output",
      bytes,
      createdAt,
      expiresAt: keptSeconds === null ? null : createdAt + keptSeconds * 1_000,
    };
  }

  async function end(batch: Batch): Promise<void> {
    const { end: status, share, startsAt } = courseOf(batch);
    const { create } = batch;
    if (status === null) return;
    const delivers = status !== "failed" && startsAt !== null;
    const unfinished = status === "cancelled" ? "batch_cancelled" : "batch_expired";
    let found = delivers ? batch.answers : null;
    // Lines that a cancellation left undone are known only now; after a restart nothing lies ready.
    if (delivers && (!found || found.share !== share || (share < 1 && found.unfinished !== unfinished)))
      found = await answers(batch, share, status === "cancelled");
    if (found) attempts.keep(create.jobId, found.struck);
    const output = await deliver(batch, "output", found?.outputBytes ?? null);
    const errorFile = await deliver(batch, "error", found?.errorBytes ?? null);
    await record({
      kind: "ended",
      at: now(),
      jobId: create.jobId,
      status,
      lines: batch.read?.lines ?? 0,
      counts: found?.counts ?? { completed: 0, failed: 0 },
      charge: found?.charge ?? NOTHING,
      output,
      errorFile,
    });
    attempts.take(create.jobId);
    if (book.isDiscarded(create.inputFileId))
      await rm(join(folder, "files", create.inputFileId), { force: true });
  }

  async function work(batch: Batch): Promise<void> {
    if (batch.ended) return;
    const cancelledEarly = batch.cancelAskedAt !== null && courseOf(batch).startsAt === null;
    if (!batch.read && !cancelledEarly) await readInput(batch);
    const { overAt } = courseOf(batch);
    if (overAt === null || closed) return;
    const waitMs = overAt - now();
    if (waitMs <= 0) return end(batch);
    if (waitMs === Infinity) return;
    timers.set(
      batch.create.jobId,
      setTimeout(() => follow(batch), Math.min(waitMs, LONGEST_TIMER_MS)),
    );
  }

  function follow(batch: Batch): void {
    const { jobId } = batch.create;
    if (closed || batch.ended) return;
    clearTimeout(timers.get(jobId));
    timers.delete(jobId);
    if (working.has(jobId)) {
      again.add(jobId);
      return;
    }
    working.set(
      jobId,
      work(batch)
        .catch((error: unknown) => deps.onError(error, jobId))
        .finally(() => {
          working.delete(jobId);
          if (again.delete(jobId)) follow(batch);
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
