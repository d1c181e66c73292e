import { basename, dirname, join } from "node:path";
import type { Fault } from "@granary/domain";
import { z } from "zod";
import type { EnvironmentReader } from "./environment.ts";
import type { Reader } from "./environmentTable.ts";
import type { GranaryConfig, SqlitePlace, StoreConfig } from "./granaryConfig.ts";
import { secretOf } from "./secret.ts";
import { decodedText } from "./values.ts";

/** Not a URL as the standard has it: several hosts, each with its port, may stand in it. */
const MONGODB_URI =
  /^mongodb(?:\+srv)?:\/\/(?:[^@/?#]*@)?[^@/?#\s]+(?:\/(?<database>[^/?#\s]*))?(?:\?[^#\s]*)?$/;

const sqlitePath = z
  .string()
  .refine((path) => path !== ":memory:" && !path.startsWith("file:"), "the path of a file on disk");

/** The message never repeats it, as it holds a password. */
const mongodbUri = z
  .string()
  .regex(
    MONGODB_URI,
    "not a mongodb:// or mongodb+srv:// connection string; a user or password in it is percent-encoded",
  );

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const databaseName = z.string().regex(/^[^/\\. "$*<>:|?\0]{1,63}$/, "not the name of a MongoDB database");

/** Where the store is. The journal of facts lies beside a SQLite file; beside a MongoDB there is none. */
export function readStore(
  { read }: EnvironmentReader,
  reader: Reader,
  faults: Fault[],
): Pick<GranaryConfig, "store" | "journal"> {
  const before = faults.length;
  const sqlite = read("GRANARY_SQLITE", sqlitePath);
  const uri = read("MONGODB_URI", mongodbUri);
  const named = read("MONGODB_DATABASE", databaseName);
  if (uri !== undefined && sqlite !== undefined)
    faults.push({
      path: "GRANARY_SQLITE",
      message: "MONGODB_URI names the store already: drop GRANARY_SQLITE, or drop MONGODB_URI to use SQLite",
    });
  if (uri !== undefined) return { store: mongoStore(uri, named, faults), journal: null };
  if (reader === "service" && sqlite === undefined && faults.length === before)
    faults.push({
      path: "MONGODB_URI",
      message: "a service needs its store: set MONGODB_URI, or GRANARY_SQLITE on one machine",
    });
  return sqliteStore(sqlite ?? ".granary/granary.db");
}

/** The user's password in a connection string, as it is sent; null where there is none. */
export function mongodbPassword(uri: string): string | null {
  const found = /^mongodb(?:\+srv)?:\/\/[^@/?#:]*:(?<password>[^@/?#]+)@/.exec(uri)?.groups?.["password"];
  return found === undefined ? null : decodedText(found);
}

function sqliteStore(path: string): { readonly store: SqlitePlace; readonly journal: string } {
  return {
    store: { kind: "sqlite", sqlite: path, lock: `${path}.lock` },
    journal: join(dirname(path), `${basename(path).replace(/\.(?:db|sqlite3?)$/, "")}.facts.jsonl`),
  };
}

function mongoStore(uri: string, named: string | undefined, faults: Fault[]): StoreConfig {
  const inPath = decodedText(MONGODB_URI.exec(uri)?.groups?.["database"] ?? "");
  if (named === undefined && inPath !== "" && !databaseName.safeParse(inPath).success)
    faults.push({ path: "MONGODB_URI", message: "its path is not the name of a MongoDB database" });
  return { kind: "mongo", uri: secretOf(uri), database: named ?? (inPath === "" ? "granary" : inPath) };
}
