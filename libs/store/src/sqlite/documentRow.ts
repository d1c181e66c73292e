import type { SQLInputValue } from "node:sqlite";
import { dutyOf, type DocOf, type Head, type Kind } from "@granary/domain";
import { createAt, openedAt, spentMicros } from "../derivedFields.ts";
import type { Values } from "./connection.ts";

/** A row of a driven kind: the Head in columns, the rest as JSON. */
export interface DocumentRow extends Head {
  readonly body: string;
}

export const HEAD_COLUMNS = `id, version, "by", dueAt, claim, owner, leaseUntil, strikes, eventSeq`;
export const ROW_COLUMNS = `${HEAD_COLUMNS}, body`;

type Columns = { readonly [K in Kind]: Readonly<Record<string, (doc: DocOf[K]) => SQLInputValue>> };

/** What is looked for, beside state and duty. All of it is a function of the body. */
const COLUMNS: Columns = {
  request: {
    account: (doc) => doc.account,
    source: (doc) => doc.source,
    requestId: (doc) => doc.requestId,
    acceptedAt: (doc) => doc.acceptedAt,
  },
  task: {
    account: (doc) => doc.account,
    request: (doc) => doc.request,
    holds: (doc) => doc.holds,
    model: (doc) => doc.model,
    lines: (doc) => doc.lines,
    tokens: (doc) => doc.tokens,
    estimateMicros: (doc) => doc.estimateMicros,
    spentMicros,
    bySource: (doc) => JSON.stringify(doc.bySource),
    createAt,
    openedAt,
    endedAt: (doc) => doc.endedAt,
  },
  account: { account: (doc) => doc.id },
  sweep: { account: (doc) => doc.id },
};

/** Names of the columns that `bodyValues` fills. */
export function bodyColumns(kind: Kind): readonly string[] {
  return ["state", "duty", ...Object.keys(COLUMNS[kind]), "body"];
}

/** The columns that follow from a document's body. */
export function bodyValues<K extends Kind>(kind: K, doc: DocOf[K]): Values {
  const values: Record<string, SQLInputValue> = {
    state: doc.state,
    duty: dutyOf(kind, doc),
    body: bodyText(doc),
  };
  for (const [name, valueOf] of Object.entries(COLUMNS[kind]) as [string, (doc: DocOf[K]) => SQLInputValue][])
    values[name] = valueOf(doc);
  return values;
}

/** The document in a row. */
export function toDocument<K extends Kind>(_kind: K, { body, ...head }: DocumentRow): DocOf[K] {
  return { ...(JSON.parse(body) as DocOf[K]), ...head };
}

function bodyText(doc: Head): string {
  const none = undefined;
  // The Head is kept once, in its columns: a claim then changes a few numbers and not the text.
  return JSON.stringify({
    ...doc,
    id: none,
    version: none,
    by: none,
    dueAt: none,
    claim: none,
    owner: none,
    leaseUntil: none,
    strikes: none,
    eventSeq: none,
  });
}
