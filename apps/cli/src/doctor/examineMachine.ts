import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { EmbeddedConfig, GranaryConfig, SqlitePlace } from "@granary/runtime";
import { isEmbedded } from "../openGranary.ts";
import { runningUp } from "../stack/upState.ts";
import { bytes, instant } from "../terminal/format.ts";
import type { Symptom } from "./symptom.ts";
import { bad, fine, note } from "./symptom.ts";

const LOW_BYTES = 2 ** 30;
const FULL_BYTES = 100 * 2 ** 20;

/** Versions, room on the disks, and whether `granary up` runs. */
export async function examineMachine(config: GranaryConfig): Promise<readonly Symptom[]> {
  return [
    fine("node", process.version),
    ...(config.store.kind === "sqlite" ? await storeFile(config.store) : []),
    await room("artifacts", resolve(config.artifacts.folder)),
    ...(isEmbedded(config) ? [await upSymptom(config)] : []),
  ];
}

async function storeFile({ sqlite }: SqlitePlace): Promise<readonly Symptom[]> {
  return [storeVersion(sqlite), await room("store", dirname(resolve(sqlite)))];
}

function storeVersion(path: string): Symptom {
  if (!existsSync(path)) return note("store", `${path} is not there yet: it is made at the first use`);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare("SELECT value FROM meta WHERE key = 'schemaVersion'").get();
    return fine("store", `${path}, schema version ${String(row?.["value"] ?? "unknown")}`);
  } catch {
    return note("store", `${path} has no schema yet`);
  } finally {
    database.close();
  }
}

async function room(about: string, folder: string): Promise<Symptom> {
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const message = `${bytes(free)} free at ${folder}`;
  if (free < FULL_BYTES)
    return bad(`disk of the ${about}`, message, "make room: work waits until there is some");
  if (free < LOW_BYTES) return note(`disk of the ${about}`, message, "make room before it is full");
  return fine(`disk of the ${about}`, message);
}

async function upSymptom(config: EmbeddedConfig): Promise<Symptom> {
  const up = await runningUp(config.store);
  if (!up)
    return note("granary up", "does not run on this store", "start it: what is accepted waits until then");
  const missing = config.accounts
    .map(({ settings }) => settings.id)
    .filter((id) => up.accounts.length > 0 && !up.accounts.includes(id));
  const running = `process ${up.pid}, since ${instant(up.startedAt)}`;
  if (missing.length === 0) return fine("granary up", running);
  return bad(
    "granary up",
    `${running}, without ${missing.join(", ")}`,
    "start it with the same settings as this command: nobody works for these accounts",
  );
}
