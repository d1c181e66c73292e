import type { Fault } from "@granary/domain";
import type { z } from "zod";

/** A variable this program reads. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly meaning: string;
  /** What holds where it is left out; null where nothing does. */
  readonly default: string | null;
  /** Whether its value must never be shown. */
  readonly secret: boolean;
  /** Whether a demo reads it too, which has nothing to do with real accounts. */
  readonly demo: boolean;
}

const DEMO = { secret: false, demo: true } as const;
const PLAIN = { secret: false, demo: false } as const;

const TABLE = [
  {
    name: "GRANARY_SQLITE",
    meaning: "path of the store's SQLite file",
    default: ".granary/granary.db",
    ...DEMO,
  },
  { name: "GRANARY_ARTIFACTS", meaning: "folder of the artifacts", default: ".granary/artifacts", ...DEMO },
  {
    name: "GRANARY_SIMULATOR_DATA",
    meaning: "folder of the simulator's state",
    default: ".granary/simulator",
    ...DEMO,
  },
  {
    name: "GRANARY_INSTANCE",
    meaning: "4 of a-z, 0-9, in the tags of provider jobs; must be set where a store is restored elsewhere",
    default: null,
    ...DEMO,
  },
  {
    name: "GRANARY_LOG_LEVEL",
    meaning: "trace, debug, info, warn, error, fatal or silent",
    default: "info",
    ...DEMO,
  },
  {
    name: "GRANARY_CONFIG",
    meaning: "path of a YAML file with accounts, models, prices and sources",
    default: null,
    ...PLAIN,
  },
  { name: "GRANARY_SIMULATOR_URL", meaning: "where simulated accounts point", default: null, ...PLAIN },
  {
    name: "GRANARY_OPENAI_MODE",
    meaning: "live or simulated; a key alone never makes an account live",
    default: null,
    ...PLAIN,
  },
  {
    name: "OPENAI_API_KEY",
    meaning: "key of the account openai:default; read only where the mode is live",
    default: null,
    secret: true,
    demo: false,
  },
  {
    name: "OPENAI_BASE_URL",
    meaning: "base URL of openai:default; read only where the mode is live",
    default: "the provider's own",
    ...PLAIN,
  },
  {
    name: "OPENAI_ORG_ID",
    meaning: "organization of openai:default; read only where the mode is live",
    default: null,
    ...PLAIN,
  },
  {
    name: "OPENAI_PROJECT_ID",
    meaning: "project of openai:default; read only where the mode is live",
    default: null,
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_PROFILE",
    meaning: "durations: usual or fast",
    default: "usual where live, fast where simulated",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_POLL_INTERVAL",
    meaning: "shortest time between two looks at a running job",
    default: "30s (usual), 500ms (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_JOB_TIMEOUT",
    meaning: "from submission until a job is cancelled",
    default: "26h (usual), 10m (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_LEASE",
    meaning: "how long a claim stands unrenewed",
    default: "30s (usual), 5s (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_SWEEP_INTERVAL",
    meaning: "between two passes over the job list",
    default: "60s (usual), 1s (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_QUIET_PERIOD",
    meaning: "after an unknown create, before its absence is believed",
    default: "15m (usual), 5s (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_SETTLE_WINDOW",
    meaning: "how long an ended job may take to show all its lines",
    default: "15m (usual), 2s (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_LINGER",
    meaning: "how long a small request waits to share a job",
    default: "60s (usual), 1s (fast)",
    ...PLAIN,
  },
  {
    name: "GRANARY_OPENAI_MAX_LINES",
    meaning: "lines of one job",
    default: "the provider's limit",
    ...PLAIN,
  },
  { name: "GRANARY_OPENAI_MAX_JOBS", meaning: "jobs under way at a time", default: "no limit", ...PLAIN },
  { name: "GRANARY_GEMINI_MODE", meaning: "not supported yet", default: null, ...PLAIN },
  { name: "GRANARY_ANTHROPIC_MODE", meaning: "not supported yet", default: null, ...PLAIN },
] as const satisfies readonly EnvironmentVariable[];

export type EnvironmentName = (typeof TABLE)[number]["name"];

/** Every variable that is read, beside those a configuration file names for its keys; the manual is made from it. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = TABLE;

/** Variables as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables of the table. */
export interface EnvironmentReader {
  /** The value, or undefined where it is unset, empty or faulty; a fault is noted. */
  readonly read: <T>(name: EnvironmentName, schema: z.ZodType<T>) => T | undefined;
  /** A variable that a configuration file names. */
  readonly readNamed: (name: string) => string | undefined;
}

/** A reader that, where `isolated`, knows only the variables a demo reads. */
export function environmentReader(env: Environment, isolated: boolean, faults: Fault[]): EnvironmentReader {
  return {
    read(name, schema) {
      const allowed = !isolated || TABLE.some((variable) => variable.name === name && variable.demo);
      const value = allowed ? env[name] : undefined;
      if (value === undefined || value === "") return undefined;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) faults.push({ path: name, message: issue.message });
      return undefined;
    },
    readNamed: (name) => (isolated ? undefined : env[name] || undefined),
  };
}

/** Variables that look like a provider's settings and are none: a misspelt one would otherwise do nothing, silently. */
export function unknownVariables(env: Environment): readonly Fault[] {
  return Object.keys(env)
    .filter((name) => /^GRANARY_(?:OPENAI|GEMINI|ANTHROPIC)_/.test(name))
    .filter((name) => !TABLE.some((variable) => variable.name === name))
    .map((path) => ({ path, message: "there is no such setting" }));
}
