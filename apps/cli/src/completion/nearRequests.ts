import { existsSync } from "node:fs";
import { systemClock, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import { DEFAULT_SOURCE } from "../findRequest.ts";
import { commandConfig, isEmbedded } from "../openGranary.ts";

/** More would take longer than a person likes to wait for a key. */
const MOST = 200;

/**
 * The callers' ids of some requests in a store on this machine, of the source the words name. None where the store is
 * elsewhere or not there yet: nothing is made, and nobody is asked over a network.
 */
export async function nearRequests(words: readonly string[]): Promise<readonly string[]> {
  const config = commandConfig();
  if (!isEmbedded(config) || !existsSync(config.store.sqlite)) return [];
  const store = sqliteStore({ path: config.store.sqlite, clock: systemClock, ids: systemIds });
  try {
    const source = sourceIn(words) ?? DEFAULT_SOURCE;
    return (await store.requests({ source }, { limit: MOST })).map(({ requestId }) => requestId);
  } finally {
    await store.close();
  }
}

function sourceIn(words: readonly string[]): string | undefined {
  const at = words.indexOf("--source");
  const joined = words.find((word) => word.startsWith("--source="));
  return joined?.slice("--source=".length) ?? (at === -1 ? undefined : words[at + 1]);
}
