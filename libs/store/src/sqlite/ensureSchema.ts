import { closeSync, fsyncSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreTooNew } from "@granary/domain";
import type { Connection } from "./connection.ts";
import { MIGRATIONS } from "./migrations.ts";
import { partsThere, wantedParts, type SchemaPart } from "./schemaParts.ts";

export interface SchemaOptions {
  readonly now: () => number;
  /** Keep a copy of an older file before it is changed. */
  readonly backupOlder: boolean;
  /** How far to go; the newest version where absent. */
  readonly version?: number;
}

/**
 * Brings the file to the wanted version. One process at a time: the others wait for its transaction, then find
 * nothing left to do. @throws StoreTooNew
 */
export async function ensureSchema(db: Connection, options: SchemaOptions): Promise<void> {
  const wanted = options.version ?? MIGRATIONS.length;
  await db.once(() => db.script("PRAGMA journal_mode = WAL"));
  if (await db.once(() => schemaVersion(db) === wanted && lostIndexes(db, wanted).length === 0)) return;
  await db.transaction(() => {
    const found = schemaVersion(db);
    if (found > wanted) throw tooNew(db.path, found, wanted);
    if (found > 0 && found < wanted && options.backupOlder) keepCopy(db.path, found, options.now());
    if (found === 0) db.script("CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID");
    for (const step of MIGRATIONS.slice(found, wanted)) db.script(step);
    db.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('schemaVersion', :wanted)", { wanted });
    for (const { name, sql } of lostIndexes(db, wanted)) db.script(`DROP INDEX IF EXISTS "${name}"; ${sql}`);
  });
}

/** Indexes that a step once made and somebody has dropped or changed since. */
function lostIndexes(db: Connection, version: number): readonly SchemaPart[] {
  if (version !== MIGRATIONS.length) return [];
  const there = partsThere(db);
  return wantedParts().filter(({ type, name, sql }) => type === "index" && there.get(name)?.sql !== sql);
}

/** 0 where nothing is there yet. */
export function schemaVersion(db: Connection): number {
  const meta = db.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
  if (!meta) return 0;
  return db.get<{ value: number }>("SELECT value FROM meta WHERE key = 'schemaVersion'")?.value ?? 0;
}

/** The caller holds the write lock, so a second connection copies exactly what is about to be changed. */
function keepCopy(path: string, version: number, now: number): void {
  if (path === ":memory:") return;
  const copy = `${path}.v${version}-${new Date(now).toISOString().replaceAll(/[-:.]/g, "")}`;
  const source = new DatabaseSync(path, { readOnly: true });
  try {
    source.prepare("VACUUM INTO ?").run(copy);
  } finally {
    source.close();
  }
  const file = openSync(copy, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function tooNew(path: string, found: number, known: number): StoreTooNew {
  return new StoreTooNew(
    `${path} has schema version ${found}, this program knows versions up to ${known}: start the newer version of ` +
      `Granary that wrote it, or put back the copy it kept beside the file (${path}.v${known}-…)`,
  );
}
