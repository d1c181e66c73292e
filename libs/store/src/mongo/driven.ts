import { dutyOf, type DocOf, type Kind } from "@granary/domain";
import { createAt, openedAt, spentMicros } from "../derivedFields.ts";
import { fromInline, fromList, fromText, toInline, toList, toText } from "./fields.ts";
import type { Stored } from "./mongoConnection.ts";

/** Where the documents of a kind are. */
export const COLLECTION: Readonly<Record<Kind, string>> = {
  request: "requests",
  task: "tasks",
  account: "accounts",
  sweep: "sweeps",
};

/** What the store alone writes, and never as a part of the body. */
const HEAD = ["id", "version", "by", "dueAt", "claim", "owner", "leaseUntil", "strikes", "eventSeq"] as const;

type Fields = Readonly<Record<string, unknown>>;
type Codec<D> = {
  /** Fields that look different in the database, and fields that follow from the document. */
  readonly to: (doc: D) => Fields;
  readonly from: (stored: Fields) => Fields;
};

const CODECS: { readonly [K in Kind]: Codec<DocOf[K]> } = {
  request: {
    to: ({ output, metadata, input, results }) => ({
      output: toText(output),
      metadata: toText(metadata),
      input: toInline(input),
      results: toInline(results),
    }),
    from: ({ output, metadata, input, results }) => ({
      output: fromText(output),
      metadata: fromText(metadata),
      input: fromInline(input),
      results: fromInline(results),
    }),
  },
  task: {
    to: (doc) => ({
      bySource: toList("source", doc.bySource),
      spentMicros: spentMicros(doc),
      createAt: createAt(doc),
      openedAt: openedAt(doc),
    }),
    from: ({ bySource }) => ({
      bySource: fromList("source", bySource),
      spentMicros: undefined,
      createAt: undefined,
      openedAt: undefined,
    }),
  },
  account: {
    to: ({ pauses, learned }) => ({ pauses: toList("scope", pauses), learned: toList("model", learned) }),
    from: ({ pauses, learned }) => ({
      pauses: fromList("scope", pauses),
      learned: fromList("model", learned),
    }),
  },
  sweep: { to: () => ({}), from: () => ({}) },
};

/** The body of a document as fields, with whose turn it is; without the Head. */
export function toBody<K extends Kind>(kind: K, doc: DocOf[K]): Fields {
  const body: Record<string, unknown> = { ...doc, ...CODECS[kind].to(doc), duty: dutyOf(kind, doc) };
  for (const name of HEAD) delete body[name];
  return body;
}

/** The document as it was written. */
export function toDocument<K extends Kind>(kind: K, stored: Stored): DocOf[K] {
  const {
    _id: id,
    outbox: _outbox,
    toldAt: _toldAt,
    stateAt: _stateAt,
    duty: _duty,
    claimedBy: _claimedBy,
    ...fields
  } = stored;
  const doc: Record<string, unknown> = { id, ...fields, ...CODECS[kind].from(fields) };
  for (const [name, value] of Object.entries(doc)) if (value === undefined) delete doc[name];
  return doc as unknown as DocOf[K];
}

/** A filter on the account a document is of; accounts and sweeps bear its name. */
export function ofAccounts(kind: Kind, accounts: readonly string[]): Fields {
  return { [kind === "account" || kind === "sweep" ? "_id" : "account"]: { $in: accounts } };
}
