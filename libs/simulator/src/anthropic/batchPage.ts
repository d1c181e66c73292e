import type { Job } from "../jobs/jobBook.ts";
import { newestFirst } from "../jobs/listing.ts";
import { AnthropicError, noSuchBatch } from "./anthropicError.ts";

const USUAL = 20;
const MOST = 1_000;

/** What a list is asked. */
export interface PageQuery {
  readonly limit?: string;
  readonly after_id?: string;
  readonly before_id?: string;
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return USUAL;
  const limit = Number(value);
  if (!Number.isInteger(limit))
    throw new AnthropicError("invalid_request_error", "limit: Input should be a valid integer");
  if (limit < 1)
    throw new AnthropicError("invalid_request_error", "limit: Input should be greater than or equal to 1");
  if (limit > MOST)
    throw new AnthropicError("invalid_request_error", `limit: Input should be less than or equal to ${MOST}`);
  return limit;
}

/**
 * One page of an account's batches, newest first: those after one (older) or just before one (newer). `more` says
 * whether there are others in that direction. https://platform.claude.com/docs/en/api/messages/batches/list
 */
export function batchPage(
  jobs: readonly Job[],
  query: PageQuery,
  now: number,
): { readonly page: readonly Job[]; readonly more: boolean } {
  const limit = readLimit(query.limit);
  const { after_id: after, before_id: before } = query;
  if (after !== undefined && before !== undefined)
    throw new AnthropicError("invalid_request_error", "after_id and before_id may not both be given");
  const indexOf = (id: string): number => {
    const index = jobs.findLastIndex(({ create }) => create.jobId === id);
    if (index === -1) throw noSuchBatch(id);
    return index;
  };
  if (before !== undefined) {
    const newer = [...newestFirst(jobs.slice(indexOf(before) + 1), Infinity, now)];
    return { page: newer.slice(-limit), more: newer.length > limit };
  }
  const page: Job[] = [];
  for (const job of newestFirst(jobs, after === undefined ? jobs.length : indexOf(after), now)) {
    if (page.length === limit) return { page, more: true };
    page.push(job);
  }
  return { page, more: false };
}
