import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProviderName } from "./liveSide.ts";
import { keyOf, liveBaseUrl, PROVIDERS } from "./liveSide.ts";

/** One version of the configuration, as services and commands are started with it. */
export interface ConfigVersion {
  readonly name: string;
  /** Providers whose default account is live. */
  readonly live: readonly ProviderName[];
  /** In place of what the services had. What is empty counts as unset. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a version says. */
export interface VersionOptions {
  readonly name: string;
  /** Providers that new work goes to live; the others are simulated for it. */
  readonly live: readonly ProviderName[];
  /** Providers whose other account stays known: work under way ends there, and may still be sent there by name. */
  readonly keep?: readonly ProviderName[];
  /** In place of the right key of OpenAI. */
  readonly wrongKey?: string;
}

/** What sources may spend a day while live accounts are tried out. */
const DAILY_USD = 5;
/** A source that may spend nothing. */
export const HELD_SOURCE = "held";

/**
 * Writes a version down: modes, keys and base URLs in the environment, and in the file that `GRANARY_CONFIG` names a
 * budget and the accounts that are kept beside. Keys stand in files alone.
 */
export function writeVersion(
  folder: string,
  liveUrl: string,
  { name, live, keep = [], wrongKey }: VersionOptions,
): ConfigVersion {
  const own = join(folder, name.replaceAll(/[^a-z0-9]+/gi, "-"));
  mkdirSync(own, { recursive: true });
  const keyFile = (provider: ProviderName): string => {
    const path = join(own, `${provider}-key`);
    const key = provider === "openai" && wrongKey !== undefined ? wrongKey : keyOf(provider);
    writeFileSync(path, `${key}\n`, { mode: 0o600 });
    return path;
  };
  const kept = keep.map((provider) =>
    live.includes(provider)
      ? `  - { provider: ${provider}, name: simulated, mode: simulated }`
      : `  - provider: ${provider}
    name: default
    mode: live
    keyFile: ${keyFile(provider)}
    baseUrl: ${liveBaseUrl(provider, liveUrl)}
    profile: fast`,
  );
  const file = join(own, "granary.yaml");
  const lines = [
    ...(kept.length > 0 ? ["accounts:", ...kept] : []),
    "sources:",
    `  e2e: { dailyUsd: ${DAILY_USD} }`,
    `  ${HELD_SOURCE}: { dailyUsd: 0 }`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const accounts = PROVIDERS.flatMap((provider) => {
    const prefix = provider.toUpperCase();
    const isLive = live.includes(provider);
    return [
      [`GRANARY_${prefix}_MODE`, isLive ? "live" : "simulated"],
      [`GRANARY_${prefix}_PROFILE`, "fast"],
      [`${prefix}_API_KEY_FILE`, isLive ? keyFile(provider) : ""],
      [`${prefix}_BASE_URL`, isLive ? liveBaseUrl(provider, liveUrl) : ""],
    ];
  });
  return { name, live, env: { ...Object.fromEntries(accounts), GRANARY_CONFIG: file } };
}
