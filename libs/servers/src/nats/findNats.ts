import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { cacheFolder } from "../cacheFolder.ts";
import { fetchNats, NATS_SOURCES, type NatsSource } from "./fetchNats.ts";
import { runTool } from "./runTool.ts";

/** A nats-server that can be started. */
export interface FoundNats {
  readonly path: string;
  /** Such as `2.15.1`. */
  readonly version: string;
  /** How it was come by, for people. */
  readonly from: string;
}

/** Why there is no nats-server: every way that was tried, and what became of it. */
export interface NoNats {
  readonly tried: readonly string[];
}

/** What finding a server may use. */
export interface FindNatsOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** How to fetch one; the known sources where it is left out. */
  readonly sources?: readonly NatsSource[];
}

/**
 * Looks for a nats-server of 2.9 or newer: `GRANARY_NATS_SERVER` (a path; no other one is taken then), `nats-server` on
 * the PATH, the cache, and at last it is fetched into the cache, once, unless `GRANARY_NO_DOWNLOAD` is 1.
 */
export async function findNats({
  environment = process.env,
  sources = NATS_SOURCES,
}: FindNatsOptions = {}): Promise<FoundNats | NoNats> {
  const tried: string[] = [];
  const look = async (from: string, path: string): Promise<FoundNats | null> => {
    try {
      return { path, version: await versionOf(path), from };
    } catch (error) {
      tried.push(`${from}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };

  const named = environment["GRANARY_NATS_SERVER"];
  if (named) return (await look("GRANARY_NATS_SERVER", named)) ?? { tried };
  const onPath = await pathOf("nats-server", environment["PATH"] ?? "");
  const installed = onPath ? await look("PATH", onPath) : null;
  if (installed) return installed;
  if (!onPath) tried.push("PATH: no nats-server");

  const cache = cacheFolder(environment);
  for (const { name, folder } of sources) {
    const path = join(cache, folder, "nats-server");
    const kept = (await isExecutable(path)) ? await look(`${name}, kept in ${cache}`, path) : null;
    if (kept) return kept;
  }
  if (environment["GRANARY_NO_DOWNLOAD"] === "1")
    return { tried: [...tried, "fetching: GRANARY_NO_DOWNLOAD is 1"] };
  for (const source of sources) {
    try {
      const fetched = await look(source.name, await fetchNats(source, cache));
      if (fetched) return fetched;
    } catch (error) {
      tried.push(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { tried };
}

/** What a person can do who has no nats-server, with what was tried. */
export function natsHint({ tried }: NoNats): string {
  return [
    "No nats-server was found:",
    ...tried.map((line) => `  ${line}`),
    "Install one (`apt-get install nats-server`, `brew install nats-server`), or name one in GRANARY_NATS_SERVER.",
  ].join("\n");
}

async function versionOf(path: string): Promise<string> {
  const said = await runTool(path, ["--version"], { timeoutMs: 10_000 });
  const [, version, major = "", minor = ""] = /v?((\d+)\.(\d+)\.\d+)/.exec(said) ?? [];
  if (!version) throw new Error(`${path} does not say its version`);
  if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 9))
    throw new Error(`${path} is ${version}; 2.9 is the oldest that will do`);
  return version;
}

async function pathOf(program: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== ""))
    if (await isExecutable(join(folder, program))) return join(folder, program);
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
