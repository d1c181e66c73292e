import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailable } from "@granary/domain";
import { isBusy, isUnavailable } from "./sqliteErrors.ts";

/** The built-in wait blocks the event loop, so it is short; the long wait is asynchronous. */
const BUSY_TIMEOUT_MS = 20;
const SHORTEST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 60;

export type Values = Readonly<Record<string, SQLInputValue>>;

/** One connection. `run`, `get` and `all` read to the end at once: an open cursor would hold the log. */
export interface Connection {
  readonly path: string;
  /** Answers how many rows were changed. */
  run(sql: string, values?: Values): number;
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the row it selects
  get<R>(sql: string, values?: Values): R | undefined;
  all<R>(sql: string, values?: Values): R[];
  /** Several statements without values. */
  script(sql: string): void;
  /** One statement outside of a transaction. */
  once<T>(work: () => T): Promise<T>;
  /** Several reads of one state of the store. */
  snapshot<T>(work: () => T): Promise<T>;
  /** All or nothing, begun as a writer: a reader that turns writer fails at once, whatever the time-out. */
  transaction<T>(work: () => T): Promise<T>;
  close(): void;
}

/**
 * Opens the file, making it and its folder where they are missing; `:memory:` is a store of its own.
 * @throws StoreUnavailable
 */
export function openConnection(path: string, patienceMs: number): Connection {
  const database = openDatabase(path);
  const statements = new Map<string, StatementSync>();
  let safe = false;

  function prepared(sql: string): StatementSync {
    let statement = statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }

  function inTransaction<T>(begin: string, work: () => T): T {
    database.exec(begin);
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  async function patiently<T>(work: () => T): Promise<T> {
    const startedAt = performance.now();
    for (let tries = 0; ; tries += 1) {
      try {
        // Looks into the file, which another process may be recovering: so not at opening, where nobody waits.
        if (!safe) database.exec("PRAGMA synchronous = FULL");
        safe = true;
        return work();
      } catch (error) {
        if (!isBusy(error)) throw isUnavailable(error) ? unavailable(path, error) : error;
        if (performance.now() - startedAt >= patienceMs) throw unavailable(path, error);
      }
      const longest = Math.min(SHORTEST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);
      await pause(1 + Math.random() * longest);
    }
  }

  return {
    path,
    run: (sql, values = {}) => Number(prepared(sql).run(values).changes),
    get: (sql, values = {}) => prepared(sql).get(values) as never,
    all: (sql, values = {}) => prepared(sql).all(values) as never,
    script: (sql) => database.exec(sql),
    once: patiently,
    snapshot: (work) => patiently(() => inTransaction("BEGIN", work)),
    transaction: (work) => patiently(() => inTransaction("BEGIN IMMEDIATE", work)),
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}

function openDatabase(path: string): DatabaseSync {
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw unavailable(path, error);
  }
}

function unavailable(path: string, cause: unknown): StoreUnavailable {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailable(`the store ${path} does not answer: ${reason}`, { cause });
}
