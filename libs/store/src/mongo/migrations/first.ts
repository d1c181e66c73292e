import type { RequestState, Slice, TaskState } from "@granary/domain";
import { FAILURE_REASONS, OUTCOME_STATUSES } from "@granary/domain";
import type { CollectionChange, Migration, WantedIndex } from "./migration.ts";

const number = { bsonType: ["int", "long", "double"] } as const;
const text = { bsonType: "string" } as const;
const maybe = ({ bsonType }: { readonly bsonType: string | readonly string[] }) => ({
  bsonType: [bsonType, "null"].flat(),
});
const oneOf = (values: readonly unknown[]) => ({ enum: values });

const REQUEST_STATES: readonly RequestState[] = ["accepted", "running", "closing", "ended"];
const TASK_STATES: readonly TaskState[] = [
  "packing",
  "void",
  "planned",
  "submitting",
  "unknown",
  "running",
  "harvesting",
  "settling",
  "ended",
];
const SLICE_STATES: readonly Slice["state"][] = ["pending", "placed", "harvesting", "ending", "settled"];
const DUTIES = ["submitter", "monitor", "harvester", null];

/** All of these fields have to be there. */
function schema(properties: Readonly<Record<string, object>>): object {
  return { bsonType: "object", required: Object.keys(properties), properties };
}

/** What compare-and-set, leases and the due loop rest on. */
function driven(states: readonly string[], more: Readonly<Record<string, object>> = {}): object {
  return schema({
    version: { ...number, minimum: 1 },
    by: text,
    state: oneOf(states),
    stateAt: number,
    duty: oneOf(DUTIES),
    dueAt: maybe(number),
    claim: { ...number, minimum: 0 },
    owner: maybe(text),
    leaseUntil: number,
    strikes: { ...number, minimum: 0 },
    eventSeq: { ...number, minimum: 0 },
    outbox: { bsonType: "array" },
    account: text,
    ...more,
  });
}

/** What is due, who holds a lease, what is poison, what has facts to tell. */
const DRIVEN: readonly WantedIndex[] = [
  { name: "due", key: { duty: 1, dueAt: 1, _id: 1 } },
  { name: "owner", key: { owner: 1 } },
  { name: "strikes", key: { strikes: 1 } },
  { name: "outbox", key: { toldAt: 1, _id: 1 }, sparse: true },
];

const requests: CollectionChange = {
  indexes: [
    ...DRIVEN,
    { name: "source", key: { source: 1, _id: 1 } },
    { name: "requestId", key: { requestId: 1 } },
    { name: "state", key: { state: 1, stateAt: 1 } },
  ],
  schema: driven(REQUEST_STATES, { source: text, requestId: text, contentSha: text }),
};

const tasks: CollectionChange = {
  indexes: [
    ...DRIVEN,
    { name: "holds", key: { holds: 1 }, unique: true },
    { name: "state", key: { account: 1, state: 1, stateAt: 1 } },
    { name: "expiry", key: { state: 1, "view.expiresAt": 1 } },
    { name: "created", key: { account: 1, createAt: 1 } },
    { name: "ended", key: { account: 1, endedAt: 1 } },
    { name: "request", key: { request: 1 } },
  ],
  schema: driven(TASK_STATES, {
    holds: text,
    lines: number,
    tokens: number,
    jobs: { bsonType: "array" },
    bySource: { bsonType: "array" },
  }),
};

const slices: CollectionChange = {
  indexes: [
    { name: "request", key: { request: 1, _id: 1 } },
    { name: "open", key: { request: 1, open: 1, _id: 1 } },
    { name: "task", key: { taskId: 1, _id: 1 } },
    { name: "waiting", key: { account: 1, state: 1, poolKey: 1, source: 1 } },
    {
      name: "travel",
      key: { poolKey: 1, source: 1, state: 1, priority: -1, acceptedAt: 1, systemKey: 1, _id: 1 },
    },
    { name: "backlog", key: { open: 1, source: 1, lines: 1 } },
  ],
  schema: schema({
    request: text,
    source: text,
    account: text,
    poolKey: text,
    state: oneOf(SLICE_STATES),
    open: { bsonType: "bool" },
    lines: number,
    notBefore: number,
    taskId: maybe(text),
  }),
};

const outcomes: CollectionChange = {
  indexes: [
    { name: "ordinal", key: { request: 1, ordinal: 1 } },
    { name: "status", key: { request: 1, status: 1, ordinal: 1, reason: 1 } },
  ],
  schema: schema({
    request: text,
    ordinal: number,
    status: oneOf(OUTCOME_STATUSES),
    reason: oneOf([...FAILURE_REASONS, null]),
    revision: { ...number, minimum: 0 },
  }),
};

/** Everything the first release has. */
export const first: Migration = {
  collections: {
    requests,
    tasks,
    accounts: { indexes: DRIVEN, schema: driven(["open"]) },
    sweeps: { indexes: DRIVEN, schema: driven(["open"], { seq: { ...number, minimum: 0 } }) },
    slices,
    outcomes,
    dead: {
      indexes: [{ name: "redriven", key: { redrivenAt: 1 } }],
      schema: schema({ subject: text, reason: text, bytes: text, at: number, redrivenAt: maybe(number) }),
    },
    gates: {
      schema: schema({ version: { ...number, minimum: 1 }, instance: text, epoch: number }),
    },
  },
};
