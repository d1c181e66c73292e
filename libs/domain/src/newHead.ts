import type { Head } from "./documents.ts";

/** The head of a document that nobody has held yet. `by` is its writer's nonce. */
export function newHead({ id, by, dueAt }: Pick<Head, "id" | "by" | "dueAt">): Head {
  return { id, version: 1, by, dueAt, claim: 0, owner: null, leaseUntil: 0, strikes: 0, eventSeq: 0 };
}
