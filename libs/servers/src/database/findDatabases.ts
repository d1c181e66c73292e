import { access, constants, mkdir, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { cacheFolder, fillOnce } from "../cacheFolder.ts";
import { runTool } from "../nats/runTool.ts";
import { type DatabaseKind, titleOf } from "./databaseKinds.ts";
import { type DatabaseSource, FERRETDB, MONGOD, SECANTUSDB } from "./databaseSources.ts";

/** For how long a download that failed is not tried again. */
const REFUSED_MS = 3_600_000;

/** A database server that can be started. */
export interface FoundDatabase {
  readonly kind: DatabaseKind;
  /** A program; of SecantusDB, the folder with its Python packages. */
  readonly path: string;
  readonly version: string;
  /** Such as `FerretDB 1.24.2 (SQLite)`. */
  readonly title: string;
  /** How it was come by, for people. */
  readonly from: string;
}

/** A database server that somebody else runs. */
export interface GivenDatabase {
  readonly kind: "given";
  /** With its credentials: never to be shown. */
  readonly uri: string;
  readonly title: string;
  readonly from: "MONGODB_URI";
}

/** What is to be had, the best first, and what became of each way that was tried. */
export interface Databases {
  readonly found: readonly (FoundDatabase | GivenDatabase)[];
  readonly tried: readonly string[];
}

/** What finding databases may use. */
export interface FindDatabasesOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** MongoDB itself, to be fetched; as its makers built it where it is left out. */
  readonly mongod?: DatabaseSource;
  /** What stands in where it cannot be had. */
  readonly standIns?: readonly DatabaseSource[];
}

/**
 * Looks for database servers: `MONGODB_URI` (nothing else is taken then), `mongod` on the PATH, MongoDB in the cache or
 * from its makers, and where none of these is to be had, all that stand in for it: SecantusDB, then FerretDB. What is
 * fetched goes into the cache, once; nothing is where `GRANARY_NO_DOWNLOAD` is 1.
 */
export async function findDatabases({
  environment = process.env,
  mongod = MONGOD,
  standIns = [SECANTUSDB, FERRETDB],
}: FindDatabasesOptions = {}): Promise<Databases> {
  const tried: string[] = [];
  const { MONGODB_URI: uri } = environment;
  if (uri)
    return {
      found: [{ kind: "given", uri, title: "the database of MONGODB_URI", from: "MONGODB_URI" }],
      tried,
    };

  const onPath = await pathOf("mongod", environment["PATH"] ?? "");
  if (onPath) {
    try {
      const version = await mongodVersion(onPath);
      return {
        found: [{ kind: "mongod", path: onPath, version, title: titleOf("mongod", version), from: "PATH" }],
        tried,
      };
    } catch (error) {
      tried.push(`PATH: ${reasonOf(error)}`);
    }
  } else tried.push("PATH: no mongod");

  const found: FoundDatabase[] = [];
  const look = async (source: DatabaseSource): Promise<void> => {
    try {
      found.push(await fetched(source, environment));
    } catch (error) {
      tried.push(`${source.name}: ${reasonOf(error)}`);
    }
  };
  await look(mongod);
  if (found.length === 0) for (const source of standIns) await look(source);
  return { found, tried };
}

/** What a person can do who has no database server, with what was tried. */
export function databaseHint({ tried }: Pick<Databases, "tried">): string {
  return [
    "No database server was found:",
    ...tried.map((line) => `  ${line}`),
    "Name one in MONGODB_URI, or install MongoDB so that mongod is on the PATH.",
  ].join("\n");
}

async function fetched(source: DatabaseSource, environment: NodeJS.ProcessEnv): Promise<FoundDatabase> {
  const { kind, version, name, entry } = source;
  const title = titleOf(kind, version);
  const cache = cacheFolder(environment);
  const folder = await source.folder();
  const path = join(cache, folder, entry);
  if (await isThere(path)) return { kind, path, version, title, from: `${name}, kept in ${cache}` };
  if (environment["GRANARY_NO_DOWNLOAD"] === "1") throw new Error("GRANARY_NO_DOWNLOAD is 1");
  const refused = join(cache, `${folder}.refused`);
  if (await isYoung(refused)) throw new Error(`could not be fetched within the last hour (see ${refused})`);
  await mkdir(cache, { recursive: true });
  try {
    await fillOnce(cache, folder, source.fill);
  } catch (error) {
    await writeFile(refused, `${new Date().toISOString()} ${reasonOf(error)}\n`);
    throw error;
  }
  return { kind, path, version, title, from: name };
}

async function mongodVersion(path: string): Promise<string> {
  const said = await runTool(path, ["--version"], { timeoutMs: 10_000 });
  const [, version] = /v(\d+\.\d+\.\d+)/.exec(said) ?? [];
  if (!version) throw new Error(`${path} does not say its version`);
  return version;
}

async function pathOf(program: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== "")) {
    const file = join(folder, program);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return null;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isYoung(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < REFUSED_MS,
    () => false,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
