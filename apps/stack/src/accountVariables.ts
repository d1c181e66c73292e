import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { JOB_LIMITS } from "@granary/host";
import type { AccountConfig } from "@granary/runtime";
import { ENVIRONMENT, readConfig } from "@granary/runtime";

type Variables = Readonly<Record<string, string>>;

/** `OPENAI`, and so on: what the names of a provider's variables begin with. */
const PREFIXES = Object.keys(JOB_LIMITS).map((provider) => provider.toUpperCase());
const SECRETS = new Set(ENVIRONMENT.filter(({ secret }) => secret).map(({ name }) => name));

/** Every provider with a simulated account. */
export const ALL_SIMULATED: Variables = Object.fromEntries(
  PREFIXES.map((prefix) => [`GRANARY_${prefix}_MODE`, "simulated"]),
);

/**
 * What a caller's environment says about accounts: modes and pace of each provider, and of those it wants live the key,
 * or the file that has it, and the base URL. Everything else there stays there.
 */
export function accountVariables(env: Readonly<Record<string, string | undefined>>): Variables {
  const wanted = PREFIXES.flatMap((prefix) => [
    `GRANARY_${prefix}_`,
    ...(env[`GRANARY_${prefix}_MODE`] === "live" ? [`${prefix}_`] : []),
  ]);
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => {
      if (!value || !wanted.some((beginning) => name.startsWith(beginning))) return [];
      // Who reads it need not work in this folder.
      return [[name, isKeyFile(name) ? resolve(value) : value]];
    }),
  );
}

function isKeyFile(name: string): boolean {
  return name.endsWith("_FILE") && SECRETS.has(name.slice(0, -"_FILE".length));
}

/** Names among these variables whose values nobody may see. */
export function secretNames(variables: Variables): readonly string[] {
  return Object.keys(variables).filter((name) => SECRETS.has(name));
}

/**
 * The accounts that a stack has with these variables beside all simulated ones.
 * @throws Faulty with all faults, such as a live account without its key
 */
export function stackAccounts(variables: Variables): readonly AccountConfig[] {
  return readConfig({
    env: { ...ALL_SIMULATED, ...variables },
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "cli",
    jobLimits: JOB_LIMITS,
  }).accounts;
}
