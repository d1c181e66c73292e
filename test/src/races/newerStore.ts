import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { join } from "node:path";
import { openStore } from "@granary/host";
import { openLogger } from "@granary/runtime";
import { startNats } from "@granary/servers";
import type { Finished, Rig, Started } from "../e2e/rig.ts";
import { waitUntil } from "../e2e/waitUntil.ts";

/** Servers for one service, and a store that a version to come has migrated. */
export interface NewerStore {
  readonly env: Readonly<Record<string, string>>;
  /** The version of its schema. */
  readonly version: number;
}

const END_MS = 60_000;

/** Makes a store of today, and raises the number of its schema by one, as a later version's migration would. */
export async function openNewerStore(rig: Rig): Promise<NewerStore> {
  const path = join(rig.folder, "newer.db");
  const nats = await startNats({ folder: join(rig.folder, "nats") });
  rig.defer(async () => nats[Symbol.asyncDispose]());
  {
    const place = { kind: "sqlite", sqlite: path, lock: `${path}.lock` } as const;
    await using opened = await openStore(place, openLogger({ level: "silent" }));
    await opened.store.ensure();
  }
  const db = new DatabaseSync(path);
  db.exec("UPDATE meta SET value = value + 1 WHERE key = 'schemaVersion'");
  const row = db.prepare("SELECT value FROM meta WHERE key = 'schemaVersion'").get();
  db.close();
  return {
    version: Number(row?.["value"]),
    env: {
      NATS_URL: nats.url,
      GRANARY_SQLITE: path,
      GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
      GRANARY_SIMULATOR_URL: "http://127.0.0.1:9",
      GRANARY_OPENAI_MODE: "simulated",
    },
  };
}

/** Waits until a service has ended by itself. @throws Error where it does not */
export async function endsByItself(service: Started): Promise<Finished> {
  const ended = service.finish();
  const late = Symbol("late");
  const first = await Promise.race([ended, wait(END_MS, late, { ref: false })]);
  if (first !== late) return ended;
  await waitUntil("the service has ended", () => false, { deadlineMs: 0, state: () => service.stderr() });
  return ended;
}
