import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { FaultBook, Subject } from "../faultBook.ts";
import type { Operation, RequestFault } from "../fault.ts";
import type { Ledger } from "../ledger.ts";
import type { LedgerRecord } from "../ledgerRecord.ts";
import type { Scenario } from "../scenario.ts";
import type { BatchBook } from "./batchBook.ts";
import type { BatchRunner } from "./batchRunner.ts";
import { OpenaiError } from "./openaiError.ts";

/** The scenario in force, with the book that counts its faults. */
export interface Running {
  readonly name: string;
  readonly scenario: Scenario;
  readonly faults: FaultBook;
}

/** What the routes of the API work with. */
export interface OpenaiContext {
  readonly folder: string;
  readonly book: BatchBook;
  readonly runner: BatchRunner;
  readonly ledger: Ledger;
  readonly now: () => number;
  running(): Running;
  /** Writes down what happened, and takes it into the book once it is on disk. */
  record(entry: LedgerRecord): Promise<void>;
  /** The fault that strikes a call, written down. */
  strike(operation: Operation, subject: Subject, jobId?: string): Promise<RequestFault | null>;
}

/** The account of a key: a short hash, so that the key itself is never kept. */
export function accountOf(key: string): string {
  return `key-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
}

/** The caller's key and account, or the 401 the API answers. Any key that begins with `sk-` is good unless revoked. */
export function authenticate(request: FastifyRequest, scenario: Scenario): { key: string; account: string } {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1]?.trim();
  if (!key)
    throw new OpenaiError(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
    );
  if (!key.startsWith("sk-") || scenario.keys.revoked.includes(key))
    throw new OpenaiError(401, `Incorrect API key provided: ${key.slice(0, 3)}***.`, {
      code: "invalid_api_key",
    });
  return { key, account: accountOf(key) };
}

/** One page of a list that is already in order, as the API's cursor pages are. */
export function cursorPage<T>(
  items: Iterable<T>,
  limit: number,
  show: (item: T) => { readonly id: string },
): object {
  const data: { readonly id: string }[] = [];
  let more = false;
  for (const item of items) {
    if (data.length === limit) {
      more = true;
      break;
    }
    data.push(show(item));
  }
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: more,
  };
}

/** A `limit` of a list, or the 400 for one that is out of range. */
export function readLimit(value: unknown, usual: number, most: number): number {
  if (value === undefined) return usual;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new OpenaiError(
      400,
      `Invalid 'limit': expected an integer from 1 to ${most}, but got '${JSON.stringify(value)}' instead.`,
      { param: "limit", code: "integer_out_of_range" },
    );
  return limit;
}
