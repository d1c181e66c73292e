import type { Fault, JobLimits } from "@granary/domain";
import { Faulty } from "@granary/domain";
import type { Environment } from "../src/config/environment.ts";
import type { ReadConfigOptions } from "../src/config/readConfig.ts";
import { readConfig } from "../src/config/readConfig.ts";

/** Limits as a provider gives them. */
export const OPENAI: JobLimits = {
  lines: 50_000,
  bytes: 200_000_000,
  lineBytes: 1_000_000,
  tokens: 90_000_000,
};
export const KEY = "sk-proj-abcdefghijklmnop";
export const LIVE = { GRANARY_OPENAI_MODE: "live", OPENAI_API_KEY: KEY };

/** Where a service's store and bus are. */
export const PLACES = { MONGODB_URI: "mongodb://127.0.0.1/", NATS_URL: "nats://127.0.0.1" };

export type Given = Partial<ReadConfigOptions> & { readonly files?: Readonly<Record<string, string>> };

/** Reads the embedded stack's configuration, unless told otherwise; `files` are all the files there are. */
export function read(env: Environment, { files = {}, ...rest }: Given = {}): ReturnType<typeof readConfig> {
  return readConfig({
    env,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
    reader: "embedded",
    jobLimits: { openai: OPENAI },
    ...rest,
  });
}

/** Reads with a configuration file of this text. */
export function readYaml(
  text: string,
  env: Environment = {},
  rest: Given = {},
): ReturnType<typeof readConfig> {
  const files = { "granary.yaml": text, ...rest.files };
  return read({ GRANARY_CONFIG: "granary.yaml", ...env }, { ...rest, files });
}

/** The faults a reading throws; none where it succeeds. */
export function faultsOf(reading: () => unknown): readonly Fault[] {
  try {
    reading();
  } catch (error) {
    if (error instanceof Faulty) return error.faults;
    throw error;
  }
  return [];
}
