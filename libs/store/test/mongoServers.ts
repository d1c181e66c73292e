import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  databaseHint,
  demanded,
  findDatabases,
  startDatabase,
  type FoundDatabase,
  type GivenDatabase,
  type RunningDatabase,
} from "@granary/servers";

/** A database server that runs while the tests on it do. */
export interface TestServer {
  readonly uri: string;
  /** Null where somebody else runs it. */
  readonly running: RunningDatabase | null;
}

/**
 * Describes tests for each of these servers, which is started for them and stopped by its process id. Where there is
 * none, one test in their place is skipped, or fails where a database is demanded.
 */
export async function onEachServer(
  which: (server: FoundDatabase | GivenDatabase) => boolean,
  define: (title: string, server: () => TestServer) => void,
): Promise<void> {
  const databases = await findDatabases();
  const servers = databases.found.filter(which);
  for (const server of servers)
    describe(`With ${server.title}`, () => {
      let started: TestServer | undefined;
      let folder = "";
      beforeAll(async () => {
        if (server.kind === "given") {
          started = { uri: server.uri, running: null };
          return;
        }
        folder = await mkdtemp(join(tmpdir(), "granary-database-"));
        const running = await startDatabase({ folder, server });
        started = { uri: running.uri, running };
      }, 120_000);
      afterAll(async () => {
        await started?.running?.[Symbol.asyncDispose]();
        if (folder !== "") await rm(folder, { recursive: true, force: true });
      });
      define(server.title, () => {
        if (!started) throw new Error(`${server.title} was not started`);
        return started;
      });
    });
  if (servers.length > 0) return;
  const hint = databaseHint(databases);
  console.warn(hint);
  it.skipIf(!demanded("database"))("needs a database server, and there is none", () => {
    expect(hint).toBe("");
  });
}
