import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where fetched servers are kept: `GRANARY_SERVERS_CACHE`, else `granary/servers` in `XDG_CACHE_HOME`, else the same in
 * `~/.cache`.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { GRANARY_SERVERS_CACHE: own, XDG_CACHE_HOME: shared } = environment;
  return own || join(shared || join(homedir(), ".cache"), "granary", "servers");
}

/**
 * Fills a folder of the cache once, and answers its path. `fill` works in a folder of its own, which gets its name
 * only when it is complete: of several processes that fetch at once the first one's stays, and nobody sees half of it.
 */
export async function fillOnce(
  cache: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const path = join(cache, name);
  if (await isThere(path)) return path;
  const unfinished = join(cache, `.${name}.${randomUUID()}`);
  await mkdir(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    // A folder with something in it is never replaced: another process was first.
    if (!(await isThere(path))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return path;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
