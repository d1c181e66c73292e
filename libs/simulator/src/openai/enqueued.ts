import type { JobError } from "../ledgerRecord.ts";
import type { Scenario } from "../scenario.ts";
import type { InputAnswers } from "./answerInput.ts";
import type { Batch, BatchBook } from "./batchBook.ts";
import { OpenaiError } from "./openaiError.ts";

/** Input tokens of a batch: counted once it was read, before that estimated from its size. */
function tokensOfBatch(batch: Batch): number {
  return batch.read ? batch.read.inputTokens : Math.ceil(batch.create.inputBytes / 4);
}

function isOpen(batch: Batch): boolean {
  return batch.ended === null && (batch.read === null || batch.read.errors.length === 0);
}

function tellLimit(model: string, limit: number): string {
  return `Enqueued token limit reached for ${model}. Limit: ${limit} enqueued tokens. Please try again once some in_progress batches have been completed.`;
}

/** Refuses a create that passes the scenario's limits, where these are told at create. */
export function checkLimits(
  scenario: Scenario,
  book: BatchBook,
  account: string,
  wanted: { readonly model: string | null; readonly inputBytes: number },
): void {
  const { limits } = scenario;
  if (limits.toldBy !== "create") return;
  const open = book.batchesOf(account).filter(isOpen);
  if (limits.concurrentBatches !== undefined && open.length >= limits.concurrentBatches)
    throw new OpenaiError(429, `Too many batches in progress. Limit: ${limits.concurrentBatches}.`, {
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
    });
  const limit = wanted.model === null ? undefined : limits.enqueuedTokens[wanted.model];
  if (wanted.model === null || limit === undefined) return;
  const enqueued = open
    .filter(({ create }) => create.model === wanted.model)
    .reduce((sum, batch) => sum + tokensOfBatch(batch), 0);
  if (enqueued + Math.ceil(wanted.inputBytes / 4) > limit)
    throw new OpenaiError(429, tellLimit(wanted.model, limit), {
      type: "rate_limit_error",
      code: "token_limit_exceeded",
    });
}

/** The error a batch fails with after its create, where limits are told so. */
export function enqueuedFault(batch: Batch, read: InputAnswers, book: BatchBook): JobError | null {
  const { limits } = batch.scenario;
  if (limits.toldBy !== "failed") return null;
  const others = book.batchesOf(batch.create.account).filter((other) => other !== batch && isOpen(other));
  const earlier = others.filter((other) => other.create.ordinal < batch.create.ordinal);
  const limit = read.model === null ? undefined : limits.enqueuedTokens[read.model];
  const tokens = earlier
    .filter(({ create }) => create.model === read.model)
    .reduce((sum, other) => sum + tokensOfBatch(other), read.inputTokens);
  if (read.model !== null && limit !== undefined && tokens > limit)
    return { code: "token_limit_exceeded", message: tellLimit(read.model, limit), line: null, param: null };
  if (limits.concurrentBatches !== undefined && earlier.length >= limits.concurrentBatches)
    return {
      code: "batch_limit_exceeded",
      message: `Too many batches in progress. Limit: ${limits.concurrentBatches}.`,
      line: null,
      param: null,
    };
  return null;
}
