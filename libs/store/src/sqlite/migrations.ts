/**
 * The tables, as steps: the step at index n leads from version n to n + 1. A step that was ever released is never
 * edited; a change is a new step at the end.
 */

const HEAD = `
  id TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  "by" TEXT NOT NULL,
  dueAt INTEGER,
  claim INTEGER NOT NULL,
  owner TEXT,
  leaseUntil INTEGER NOT NULL,
  strikes INTEGER NOT NULL,
  eventSeq INTEGER NOT NULL,
  state TEXT NOT NULL,
  stateAt INTEGER NOT NULL,
  duty TEXT,
  account TEXT NOT NULL`;

/** Indexes that every driven kind has: what is due, who holds a lease, what is poison. */
function driven(kind: string): string {
  return `
    CREATE INDEX ${kind}_due ON ${kind} (duty, dueAt) WHERE duty IS NOT NULL AND dueAt IS NOT NULL;
    CREATE INDEX ${kind}_owner ON ${kind} (owner) WHERE owner IS NOT NULL;
    CREATE INDEX ${kind}_poison ON ${kind} (strikes) WHERE strikes >= 5;`;
}

const FIRST = `
  CREATE TABLE request (${HEAD},
    source TEXT NOT NULL,
    requestId TEXT NOT NULL,
    acceptedAt INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  ${driven("request")}
  CREATE INDEX request_source ON request (source, acceptedAt);
  CREATE INDEX request_name ON request (requestId);
  CREATE INDEX request_state ON request (state, stateAt);

  CREATE TABLE task (${HEAD},
    request TEXT,
    holds TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL,
    lines INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    estimateMicros INTEGER,
    spentMicros INTEGER NOT NULL,
    bySource TEXT NOT NULL,
    createAt INTEGER,
    openedAt INTEGER,
    endedAt INTEGER,
    body TEXT NOT NULL
  );
  ${driven("task")}
  CREATE INDEX task_state ON task (account, state, stateAt);
  CREATE INDEX task_create ON task (account, createAt) WHERE createAt IS NOT NULL;
  CREATE INDEX task_ended ON task (account, endedAt) WHERE endedAt IS NOT NULL;
  CREATE INDEX task_request ON task (request) WHERE request IS NOT NULL;

  CREATE TABLE account (${HEAD}, body TEXT NOT NULL);
  ${driven("account")}
  CREATE TABLE sweep (${HEAD}, body TEXT NOT NULL);
  ${driven("sweep")}

  CREATE TABLE slice (
    id TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    poolKey TEXT NOT NULL,
    priority INTEGER NOT NULL,
    deadlineAt INTEGER,
    acceptedAt INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    estimateMicros INTEGER,
    systemKey TEXT NOT NULL,
    state TEXT NOT NULL,
    notBefore INTEGER NOT NULL,
    taskId TEXT,
    endedBy TEXT,
    cutBy TEXT,
    costMicros INTEGER,
    counts TEXT,
    usage TEXT,
    members TEXT NOT NULL
  );
  CREATE INDEX slice_request ON slice (request, id);
  CREATE INDEX slice_open ON slice (request, id) WHERE state <> 'settled';
  CREATE INDEX slice_pending ON slice (poolKey, source, notBefore) WHERE state = 'pending';
  CREATE INDEX slice_waiting ON slice (account, poolKey, source) WHERE state = 'pending';
  CREATE INDEX slice_task ON slice (taskId, id) WHERE taskId IS NOT NULL;

  CREATE TABLE outcome (
    request TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (request, ordinal)
  );
  CREATE INDEX outcome_status ON outcome (request, status, ordinal, reason);

  CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL
  );
  CREATE TABLE dead (
    id TEXT PRIMARY KEY NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    headers TEXT NOT NULL,
    bytes TEXT NOT NULL,
    at INTEGER NOT NULL,
    redrivenAt INTEGER
  );
  CREATE TABLE gate (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    grantedTask TEXT,
    grantedAt INTEGER,
    instance TEXT NOT NULL,
    epoch INTEGER NOT NULL
  );`;

/** The order in which slices travel, so that the packer reads the first few and not all that wait. */
const TRAVEL_ORDER = `
  CREATE INDEX slice_travel ON slice (poolKey, source, priority DESC, acceptedAt, systemKey, id)
    WHERE state = 'pending';
  DROP INDEX slice_pending;`;

/** How much of each source is open, and which jobs end soon: both are asked for by every look at the numbers. */
const OPEN_WORK = `
  CREATE INDEX slice_backlog ON slice (source, lines) WHERE state <> 'settled';
  CREATE INDEX task_expiry ON task (account, body ->> '$.view.expiresAt') WHERE state = 'running';`;

/** Which requests ended when: what is kept for a while is looked for by its end. */
const ENDED_REQUESTS = `
  CREATE INDEX request_ended ON request (body ->> '$.endedAt', id) WHERE state = 'ended';`;

export const MIGRATIONS: readonly string[] = [FIRST, TRAVEL_ORDER, OPEN_WORK, ENDED_REQUESTS];
