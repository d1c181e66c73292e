import { DatabaseSync } from "node:sqlite";
import type { Connection } from "./connection.ts";
import { MIGRATIONS } from "./migrations.ts";

/** A table or an index, and the statement that makes it. */
export interface SchemaPart {
  readonly type: "table" | "index";
  readonly name: string;
  readonly sql: string;
}

const SELECT =
  "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC, name";

let wanted: readonly SchemaPart[] | undefined;

/** What a new file has once all steps are done. */
export function wantedParts(): readonly SchemaPart[] {
  wanted ??= partsOfNewFile();
  return wanted;
}

/** What is there, by name. */
export function partsThere(db: Connection): ReadonlyMap<string, SchemaPart> {
  return new Map(db.all<SchemaPart>(SELECT).map((part) => [part.name, part]));
}

function partsOfNewFile(): readonly SchemaPart[] {
  const database = new DatabaseSync(":memory:");
  try {
    for (const step of MIGRATIONS) database.exec(step);
    return database.prepare(SELECT).all() as unknown as readonly SchemaPart[];
  } finally {
    database.close();
  }
}
