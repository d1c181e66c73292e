import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchProvider, Dialect } from "@granary/domain";
import { readLedger, serveSimulator, type ScenarioInput } from "@granary/simulator";
import type { Timeouts } from "../src/index.ts";
import type { ProviderRig } from "./contractSteps.ts";

/** How an account of a simulated provider is opened. */
export interface SimulatedAccount {
  readonly key: string;
  /** Where the simulator lies. */
  readonly url: string;
  readonly timeouts: Partial<Timeouts>;
}

/** Opens rigs, each with a simulator of its own. */
export function simulatedRig({
  dialect,
  model,
  open,
}: {
  readonly dialect: Dialect;
  readonly model: string;
  readonly open: (account: SimulatedAccount) => BatchProvider;
}): (scenario: ScenarioInput) => Promise<ProviderRig> {
  return async (scenario) => {
    const folder = await mkdtemp(join(tmpdir(), "granary-provider-"));
    const server = await serveSimulator({ folder, scenario });
    let isShut = false;
    const shut = async () => {
      if (!isShut) await server.close();
      isShut = true;
    };
    return {
      dialect,
      model,
      provider: (key = "one") => open({ key, url: server.url, timeouts: { callMs: 5_000, idleMs: 300 } }),
      creates: async () => (await readLedger(folder)).filter((entry) => entry.kind === "create"),
      shut,
      async [Symbol.asyncDispose]() {
        await shut();
        await rm(folder, { recursive: true });
      },
    };
  };
}
