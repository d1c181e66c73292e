import { join } from "node:path";
import type { ScenarioInput } from "@granary/simulator";
import type { Rig } from "../e2e/rig.ts";
import type { SimulatorProcess } from "../e2e/simulatorProcess.ts";
import { startSimulatorProcess } from "../e2e/simulatorProcess.ts";

/** Providers, in the order in which they are told of. */
export const PROVIDERS = ["openai", "gemini", "anthropic"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** A model of each, with a known price. */
export const MODELS: Readonly<Record<ProviderName, string>> = {
  openai: "gpt-4o-mini",
  gemini: "gemini-2.5-flash-lite",
  anthropic: "claude-haiku-4-5",
};

/** A key that the live side refuses. */
export const WRONG_KEY = "sk-proj-rehearsalWrong0123456789";

/** What the live side does beside its pace, whatever else it is told. */
const ALWAYS = { keys: { revoked: [WRONG_KEY] } } satisfies ScenarioInput;

/** Another simulator, with books of its own, in the place of the providers themselves. */
export interface LiveSide {
  readonly url: string;
  readonly folder: string;
  readonly change: (scenario: ScenarioInput) => Promise<void>;
}

/** Starts it in a rig's folder; it goes with the rig. */
export async function startLiveSide(rig: Rig, scenario: ScenarioInput): Promise<LiveSide> {
  const folder = join(rig.folder, "live");
  const simulator: SimulatorProcess = await startSimulatorProcess(rig, folder, { ...scenario, ...ALWAYS });
  return {
    url: simulator.url,
    folder,
    change: async (next) => simulator.change({ ...next, ...ALWAYS }),
  };
}

/** The right key of a provider's live account: no real one. */
export function keyOf(provider: ProviderName): string {
  return `sk-proj-rehearsal-${provider}-0123456789`;
}

/** Where a provider's live account points. */
export function liveBaseUrl(provider: ProviderName, url: string): string {
  return `${url}/${provider}${provider === "openai" ? "/v1" : ""}`;
}
