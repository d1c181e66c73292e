import { join } from "node:path";
import { openWorkspace, runRoles } from "@granary/cli";
import type { EmbeddedWorkspace } from "@granary/cli";
import type { Fact } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import { readJournal } from "@granary/messaging";
import { openLogger, readConfig, secretsOf } from "@granary/runtime";
import type { ScenarioInput } from "@granary/simulator";
import { serveSimulator } from "@granary/simulator";
import type { Rig } from "../e2e/rig.ts";
import { isSettled, openText } from "../e2e/site.ts";
import { waitUntil } from "../e2e/waitUntil.ts";

/** An embedded stack in this process, with everything it logs. */
export interface TracedSite {
  readonly workspace: EmbeddedWorkspace;
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  readonly facts: () => Promise<readonly Fact[]>;
  /** Waits until nothing is left to do, and stops; what is still to be sent is sent. Repeatable. */
  readonly finish: () => Promise<void>;
}

/** Opens the stack on a simulator of its own and lets its roles begin. It goes with its rig. */
export async function openTracedSite(
  rig: Rig,
  scenario: ScenarioInput,
  env: (simulatorUrl: string) => Readonly<Record<string, string>>,
): Promise<TracedSite> {
  const folder = join(rig.folder, "simulator");
  const simulator = await serveSimulator({ folder, scenario });
  rig.defer(async () => simulator.close());
  const config = readConfig({
    env: {
      GRANARY_SQLITE: join(rig.folder, "granary.db"),
      GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
      GRANARY_SIMULATOR_DATA: folder,
      GRANARY_SIMULATOR_URL: simulator.url,
      ...env(simulator.url),
    },
    readFile: () => "",
    reader: "embedded",
    jobLimits: JOB_LIMITS,
  });
  const lines: Record<string, unknown>[] = [];
  const log = openLogger({
    level: "trace",
    secrets: secretsOf(config),
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const workspace = await openWorkspace(config, log);
  const over = new AbortController();
  const ended = runRoles(workspace, over.signal);
  // Told by `stop`.
  ended.catch(() => undefined);
  let stopping: Promise<void> | null = null;
  async function stop(): Promise<void> {
    over.abort();
    try {
      await ended;
    } finally {
      await workspace[Symbol.asyncDispose]();
    }
  }
  rig.defer(async () => (stopping ??= stop()).catch(() => undefined));
  return {
    workspace,
    lines: () => lines,
    facts: async () => Array.fromAsync(readJournal(config.journal)),
    async finish() {
      const { store } = workspace;
      await waitUntil("nothing is left to do", async () => isSettled(store), {
        state: async () => openText(store),
      });
      await (stopping ??= stop());
    },
  };
}
