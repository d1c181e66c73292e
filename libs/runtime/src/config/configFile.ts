import type { Fault } from "@granary/domain";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { filePrices } from "./filePrices.ts";
import { PROVIDERS } from "./providerVariables.ts";
import { baseUrl, countValue, durationValue, filePolicy, headerText, mode, profile } from "./values.ts";
import { wire } from "./wireConfig.ts";

const provider = z.enum(PROVIDERS, "openai, gemini or anthropic");
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable");
const filePath = z.string().min(1, "the path of a file");
const dollars = z.number().nonnegative();
const modelName = z.string().min(1).max(128);

const header = z.union(
  [headerText, z.strictObject({ env: variable }), z.strictObject({ file: filePath })],
  "a text, or {env: NAME}, or {file: PATH}",
);

const durations = z.strictObject({
  lease: durationValue.optional().describe("how long a claim stands unrenewed"),
  poll: durationValue.optional().describe("shortest time between two looks at a running job"),
  pollMax: durationValue.optional().describe("longest time between two looks at a running job"),
  sweep: durationValue.optional().describe("between two passes over the job list"),
  quiet: durationValue.optional().describe("after an unknown create, before its absence is believed"),
  settle: durationValue.optional().describe("how long an ended job may take to show all its lines"),
  linger: durationValue.optional().describe("how long a small request waits to share a job"),
  jobTimeout: durationValue.optional().describe("from submission until a job is cancelled"),
});

const limits = z.strictObject({
  lines: countValue.optional().describe("lines of one job"),
  bytes: countValue.optional().describe("bytes of one job"),
  lineBytes: countValue.optional().describe("bytes of one line, its end included"),
  tokens: countValue.optional().describe("estimated input tokens of one job"),
  jobs: countValue.optional().describe("jobs under way at a time"),
  tokensPerModel: countValue.optional().describe("enqueued input tokens of one model"),
  createsPerMinute: countValue.optional().describe("jobs created a minute"),
  dailyUsd: dollars.optional().describe("US dollars a UTC day"),
});

const account = z.strictObject({
  provider: provider.describe("whose API it is"),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "1 to 32 of a-z, 0-9 and -")
    .describe("1 to 32 of a-z, 0-9 and -; a simulated account is named `simulated`"),
  mode: mode.describe("for life"),
  keyEnv: variable.optional().describe("variable that holds the key; a live account has it or `keyFile`"),
  keyFile: filePath.optional().describe("path of a mounted file that holds the key"),
  baseUrl: baseUrl.optional().describe("base URL, where it is not the provider's own"),
  organization: headerText.optional().describe("organization of the key"),
  project: headerText.optional().describe("project of the key"),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "the name of a header"), header)
    .default({})
    .describe("sent with every call: a text, or `{env: NAME}`, or `{file: PATH}` where it is a secret"),
  profile: profile.optional().describe("durations: usual where live, fast where simulated"),
  durations: durations.prefault({}),
  limits: limits.prefault({}),
  models: z.array(modelName).default([]).describe("models to take beside those with a known price"),
  files: filePolicy
    .optional()
    .describe(
      "files at the provider: removed after a proven harvest, left to an expiry of 30 days, or kept; the provider's variable, else `remove`",
    ),
  wire: wire.optional(),
});

const retention = z.strictObject({
  prompts: durationValue
    .optional()
    .describe("how long items are kept after the end; for good where left out"),
  artifacts: durationValue
    .optional()
    .describe("the same of the files of its tasks: raw files, verdicts, manifests"),
  outcomes: durationValue.optional().describe("the same of how items ended, of results and of metadata"),
  requireExport: z
    .boolean()
    .optional()
    .describe("keep everything until the request is marked by `granary results --exported`"),
});

const source = z.strictObject({
  dailyUsd: dollars.optional().describe("US dollars a UTC day"),
  maxBacklog: countValue
    .optional()
    .describe("items that may be open at a time; a request beyond it is refused, `backlog_full`"),
  retention: retention.prefault({}),
});

/** The whole file. What it says of a field is what the manual says. */
export const configFileSchema = z.strictObject({
  accounts: z.array(account).default([]),
  models: z
    .partialRecord(provider, z.array(modelName))
    .default({})
    .describe("models to take beside those with a known price, by provider"),
  prices: filePrices,
  sources: z.record(z.string().min(1), source).default({}),
  retention: retention.prefault({}),
});

export type ConfigFile = z.infer<typeof configFileSchema>;
export type FileAccount = z.infer<typeof account>;

const EMPTY: ConfigFile = { accounts: [], models: {}, prices: [], sources: {}, retention: {} };

/** What a configuration file says. Every fault in it is noted with its place; what has faults counts as empty. */
export function parseConfigFile(name: string, text: string, faults: Fault[]): ConfigFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  for (const error of document.errors)
    faults.push({ path: `${name}: line ${lineCounter.linePos(error.pos[0]).line}`, message: error.message });
  if (document.errors.length > 0) return EMPTY;
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases of aliases that would grow without bound.
    faults.push({ path: name, message: `cannot be read: ${(error as Error).message}` });
    return EMPTY;
  }
  const parsed = configFileSchema.safeParse(value ?? {});
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
