import type { SchemaState } from "@granary/domain";
import type { Connection } from "./connection.ts";
import { schemaVersion } from "./ensureSchema.ts";
import { MIGRATIONS } from "./migrations.ts";
import { partsThere, wantedParts } from "./schemaParts.ts";

/** Compares the file's tables and indexes with those of a new file; more than is wanted does no harm. */
export function examineSchema(db: Connection): SchemaState {
  const found = schemaVersion(db);
  const wanted = MIGRATIONS.length;
  const version =
    found === wanted ? [] : [`the schema has version ${found}, this program wants version ${wanted}`];
  const there = partsThere(db);
  const parts = wantedParts().flatMap(({ type, name, sql }) => {
    const part = there.get(name);
    if (!part) return [`the ${type} ${name} is missing`];
    return part.type === type && part.sql === sql ? [] : [`the ${type} ${name} is not as it has to be`];
  });
  return { found, wanted, missing: [...version, ...parts] };
}
