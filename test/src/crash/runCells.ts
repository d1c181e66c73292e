import { join } from "node:path";
import { findDatabases, startDatabase } from "@granary/servers";
import type { FoundDatabase, RunningDatabase } from "@granary/servers";
import { openRig } from "../e2e/rig.ts";
import type { CrashCell, CrashOutcome } from "./crashCell.ts";
import { runCell } from "./runCell.ts";

/** Cells that run at the same time: each keeps a core busy while its processes start, and mostly waits after that. */
const LANES = 3;

/** Runs cells, some at a time; `say` hears of each as it ends. Cells in one server have a database each. */
export async function runCells(
  cells: readonly CrashCell[],
  databases: readonly FoundDatabase[],
  say: (outcome: CrashOutcome) => void,
): Promise<readonly CrashOutcome[]> {
  const rig = await openRig();
  const servers = new Map<string, Promise<RunningDatabase>>();
  async function serverOf(kind: CrashCell["store"]): Promise<RunningDatabase | null> {
    const server = databases.find((each) => each.kind === kind);
    if (!server) return null;
    const started = servers.get(kind) ?? startDatabase({ server, folder: join(rig.folder, kind) });
    servers.set(kind, started);
    return started;
  }
  const left = [...cells];
  const outcomes: CrashOutcome[] = [];
  async function lane(): Promise<void> {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      const outcome = await runCell(cell, await serverOf(cell.store));
      outcomes.push(outcome);
      say(outcome);
    }
  }
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    for (const server of servers.values()) await (await server)[Symbol.asyncDispose]();
    await rig.close();
  }
  return outcomes;
}

/** Database servers that are to be had and carry a whole run; the reason why there is none otherwise. */
export async function databasesOfMatrix(): Promise<readonly FoundDatabase[]> {
  // A cell has a database of its own: one that somebody else runs is not looked at.
  const { MONGODB_URI: _given, ...environment } = process.env;
  const { found } = await findDatabases({ environment });
  return found.filter(
    (server): server is FoundDatabase => server.kind !== "given" && server.kind !== "ferretdb",
  );
}
