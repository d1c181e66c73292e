import type { DatabaseKind, FoundDatabase } from "@granary/servers";
import { databaseHint, demanded, findDatabases, findNats, natsHint } from "@granary/servers";
import { describe, expect, test } from "vitest";

/** Servers that cannot carry a whole run, and why: with these Granary does not work at all. */
const TOO_SMALL: Readonly<Partial<Record<DatabaseKind, string>>> = {
  ferretdb:
    "it has no $min and $max in $group, which the usage of an account is added up with, and no atomic compare-and-set",
};

const nats = await findNats();
const noNats = "tried" in nats;
if (noNats) console.warn(`SKIPPED, all of the distributed system: ${natsHint(nats)}`);

/** Whether tests are skipped for want of a nats-server: never where one is demanded. */
export const withoutNats = noNats && !demanded("nats");

/** A store that a test runs on. */
export interface TestedStore {
  readonly title: string;
  readonly kind: "sqlite" | DatabaseKind;
}

const SQLITE: TestedStore = { title: "SQLite", kind: "sqlite" };

/** Describes tests on SQLite and on each database server that is to be had. */
export async function onEachStore(define: (store: TestedStore) => void): Promise<void> {
  onSqlite(define);
  await onEachDatabase(define);
}

/** Describes tests on SQLite. */
export function onSqlite(define: (store: TestedStore) => void): void {
  describe.skipIf(withoutNats)("on SQLite", () => {
    define(SQLITE);
  });
}

/**
 * Describes tests on each database server that is to be had and carries the store. Where there is none, one test in
 * their place is skipped, or fails where a database is demanded.
 */
export async function onEachDatabase(define: (store: TestedStore) => void): Promise<void> {
  // A stack brings its own database: one that somebody else runs is not looked at.
  const { MONGODB_URI: _given, ...environment } = process.env;
  const databases = await findDatabases({ environment });
  const found = databases.found.filter((server): server is FoundDatabase => server.kind !== "given");
  const carrying = found.filter(({ kind }) => TOO_SMALL[kind] === undefined);
  for (const { kind, title } of carrying)
    describe.skipIf(withoutNats)(`on ${title}`, () => {
      define({ title, kind });
    });
  for (const { kind, title } of found.filter((server) => !carrying.includes(server))) {
    console.warn(`SKIPPED, ${title}: ${TOO_SMALL[kind]}`);
    test.skipIf(TOO_SMALL[kind] !== undefined)(`${title} carries a whole run`, () => {
      expect(TOO_SMALL[kind]).toBeUndefined();
    });
  }
  const hint = carrying.length > 0 ? "" : databaseHint(databases);
  if (hint !== "") console.warn(`SKIPPED, the tests on a database server: ${hint}`);
  test.skipIf(hint !== "" && !demanded("database"))("a database server is to be had", () => {
    expect(hint).toBe("");
  });
}
