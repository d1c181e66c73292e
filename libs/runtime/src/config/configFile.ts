import type { Fault } from "@granary/domain";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { baseUrl, countValue, durationValue, headerText, mode, profile } from "./values.ts";

const provider = z.enum(["openai", "gemini", "anthropic"], "openai, gemini or anthropic");
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable");
const filePath = z.string().min(1, "the path of a file");
const dollars = z.number().nonnegative();
const modelName = z.string().min(1).max(128);

const header = z.union(
  [headerText, z.strictObject({ env: variable }), z.strictObject({ file: filePath })],
  "a text, or {env: NAME}, or {file: PATH}",
);

const durations = z.strictObject({
  lease: durationValue.optional(),
  poll: durationValue.optional(),
  pollMax: durationValue.optional(),
  sweep: durationValue.optional(),
  quiet: durationValue.optional(),
  settle: durationValue.optional(),
  linger: durationValue.optional(),
  jobTimeout: durationValue.optional(),
});

const limits = z.strictObject({
  lines: countValue.optional(),
  bytes: countValue.optional(),
  lineBytes: countValue.optional(),
  /** Estimated input tokens of one job. */
  tokens: countValue.optional(),
  jobs: countValue.optional(),
  tokensPerModel: countValue.optional(),
  createsPerMinute: countValue.optional(),
  dailyUsd: dollars.optional(),
});

const account = z.strictObject({
  provider,
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "1 to 32 of a-z, 0-9 and -"),
  mode,
  keyEnv: variable.optional(),
  keyFile: filePath.optional(),
  baseUrl: baseUrl.optional(),
  organization: headerText.optional(),
  project: headerText.optional(),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "the name of a header"), header)
    .default({}),
  profile: profile.optional(),
  durations: durations.prefault({}),
  limits: limits.prefault({}),
  models: z.array(modelName).default([]),
});

const price = z.strictObject({
  provider,
  model: modelName,
  /** US dollars a million tokens. */
  input: dollars,
  cachedInput: dollars.optional(),
  output: dollars,
  /** Share of the list price a batch pays. */
  batch: z.number().positive().max(1).default(0.5),
  asOf: z.iso.date("a day such as 2025-04-14"),
  source: z.string().min(1).default("configuration"),
});

const file = z.strictObject({
  accounts: z.array(account).default([]),
  /** Models to take beside those with a known price, by provider. */
  models: z.partialRecord(provider, z.array(modelName)).default({}),
  prices: z.array(price).default([]),
  sources: z.record(z.string().min(1), z.strictObject({ dailyUsd: dollars.optional() })).default({}),
});

export type ConfigFile = z.infer<typeof file>;
export type FileAccount = z.infer<typeof account>;

const EMPTY: ConfigFile = { accounts: [], models: {}, prices: [], sources: {} };

/** What a configuration file says. Every fault in it is noted with its place; what has faults counts as empty. */
export function parseConfigFile(name: string, text: string, faults: Fault[]): ConfigFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  for (const error of document.errors)
    faults.push({ path: `${name}: line ${lineCounter.linePos(error.pos[0]).line}`, message: error.message });
  if (document.errors.length > 0) return EMPTY;
  const parsed = file.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(...faultsOf(name, issue));
  return EMPTY;
}

/** A place in the file, such as `granary.yaml: accounts[0].mode`. */
export function placeIn(name: string, path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return text === "" ? name : `${name}: ${text.replace(/^\./, "")}`;
}

function faultsOf(name: string, issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code !== "unrecognized_keys")
    return [{ path: placeIn(name, issue.path), message: issue.message }];
  return issue.keys.map((key) => ({
    path: placeIn(name, [...issue.path, key]),
    message: /^(?:api_?)?key$|^token$|^secret$/i.test(key)
      ? "a key never stands in this file: name its place with keyEnv or keyFile"
      : "there is no such field",
  }));
}
