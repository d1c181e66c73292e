import type { Fault, JobLimits, Retention } from "@granary/domain";
import { Faulty, readTraceparent } from "@granary/domain";
import { z } from "zod";
import type { AccountDraft } from "./accountConfig.ts";
import { defined, readPace, toAccountConfig } from "./accountConfig.ts";
import type { ConfigFile } from "./configFile.ts";
import { parseConfigFile, placeIn } from "./configFile.ts";
import type { Environment, EnvironmentReader } from "./environment.ts";
import { environmentReader, unknownVariables } from "./environment.ts";
import { fileAccounts, microsOf } from "./fileAccounts.ts";
import { toPrice } from "./filePrices.ts";
import type { Reader } from "./environmentTable.ts";
import type { AccountConfig, EmbeddedConfig, GranaryConfig } from "./granaryConfig.ts";
import { LOG_LEVELS } from "./granaryConfig.ts";
import { readNats } from "./natsConfig.ts";
import type { ProviderName } from "./providerVariables.ts";
import { PROVIDERS, prefixOf } from "./providerVariables.ts";
import { readStore } from "./storeConfig.ts";
import { readTracing } from "./tracingConfig.ts";
import { baseUrl, durationValue, headerText, hostText, keyText, mode, portText } from "./values.ts";

/** What a configuration is read from, and for whom. */
export interface ReadConfigOptions {
  readonly env: Environment;
  /** Gives a file's text, or throws. */
  readonly readFile: (path: string) => string;
  /**
   * Who reads. A service demands its NATS, its store and a provider. The embedded stack has SQLite and no NATS;
   * without any mode all providers are simulated, and the simulator may come up later. A command is the same, but looks
   * at MONGODB_URI and NATS_URL too.
   */
  readonly reader: Reader;
  /** A demo: simulated, and no key, base URL, mode or configuration file is so much as looked at. */
  readonly isolated?: boolean;
  /** What a job may hold at most, by provider. A provider without is not supported. */
  readonly jobLimits: Readonly<Partial<Record<ProviderName, JobLimits>>>;
}

const SET_MODE =
  "set GRANARY_OPENAI_MODE (or another provider's) to live or simulated: without a mode no provider is used";

const folderPath = z.string().superRefine((path, context) => {
  if (path.startsWith("s3://"))
    context.addIssue({ code: "custom", message: "artifacts on S3 are not supported yet: name a folder" });
  else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    context.addIssue({ code: "custom", message: "not the path of a folder" });
});

/**
 * Reads the whole configuration.
 * @throws Faulty with all faults there are
 */
export function readConfig(options: ReadConfigOptions & { readonly reader: "embedded" }): EmbeddedConfig;
export function readConfig(options: ReadConfigOptions): GranaryConfig;
export function readConfig({
  env: variables,
  readFile,
  reader,
  isolated = false,
  jobLimits,
}: ReadConfigOptions): GranaryConfig {
  const faults: Fault[] = isolated ? [] : [...unknownVariables(variables)];
  const env = environmentReader(variables, { reader, isolated, readFile }, faults);
  const { read } = env;
  const place = readStore(env, reader, faults);
  const nats = readNats(env, reader, readFile, faults);
  const told = faults.length;
  const simulatorUrl = read("GRANARY_SIMULATOR_URL", baseUrl) ?? null;
  const fileName = read("GRANARY_CONFIG", z.string());
  const file = readConfigFile(fileName, readFile, faults);
  const supported = PROVIDERS.filter((provider) => jobLimits[provider] !== undefined);
  const fromFile = fileAccounts(fileName ?? "", file, { env, readFile }, supported, faults);
  // To try things with, all are simulated. Once one is asked for, no simulated one stands beside it unasked.
  const isAsked = PROVIDERS.some(
    (provider) => read(`GRANARY_${prefixOf(provider)}_MODE`, z.string()) !== undefined,
  );
  const isSimulatedUnasked = (reader !== "service" || isolated) && !isAsked;
  const fromEnvironment = PROVIDERS.flatMap((provider) => {
    const modeName = `GRANARY_${prefixOf(provider)}_MODE` as const;
    if (supported.includes(provider))
      return environmentAccount(env, provider, fromFile, file, isSimulatedUnasked, faults) ?? [];
    if (read(modeName, z.string()) !== undefined)
      faults.push({ path: modeName, message: `${provider} is not supported yet` });
    return [];
  });

  const drafts = [...fromEnvironment, ...fromFile];
  duplicateFaults(drafts, faults);
  // Where an account is there but faulty, that was told; nothing but none at all is this fault.
  if (reader === "service" && drafts.length === 0 && faults.length === told)
    faults.push({ path: "GRANARY_OPENAI_MODE", message: SET_MODE });
  if (
    reader === "service" &&
    !isolated &&
    simulatorUrl === null &&
    drafts.some((draft) => draft.mode === "simulated")
  )
    faults.push({
      path: "GRANARY_SIMULATOR_URL",
      message: "a simulated account needs the simulator's address",
    });
  const around = new Map(
    supported.map((provider) => [
      provider,
      { pace: readPace(env, provider), jobLimits: jobLimits[provider]!, simulatorUrl },
    ]),
  );
  const accounts = drafts.flatMap((draft) => {
    const surroundings = around.get(draft.provider);
    return surroundings ? toAccountConfig(draft, surroundings, faults) : [];
  });

  const ids = new Set(drafts.map(({ provider, name }) => `${provider}:${name}`));
  for (const [index, { provider, account }] of file.prices.entries())
    if (account !== undefined && !ids.has(`${provider}:${account}`))
      faults.push({
        path: placeIn(fileName ?? "", ["prices", index, "account"]),
        message: `there is no account ${provider}:${account}`,
      });

  const config: GranaryConfig = {
    ...place,
    nats,
    artifacts: { folder: read("GRANARY_ARTIFACTS", folderPath) ?? ".granary/artifacts" },
    http: {
      host: read("GRANARY_HTTP_HOST", hostText) ?? "127.0.0.1",
      port: read("GRANARY_HTTP_PORT", portText) ?? 8080,
    },
    tracing: readTracing(env, faults),
    traceparent: readTraceparent(read("TRACEPARENT", z.string())),
    commit: read("GRANARY_COMMIT", z.string()) ?? "unknown",
    graceMs: read("GRANARY_GRACE", durationValue) ?? 60_000,
    simulator: {
      url: simulatorUrl,
      folder: read("GRANARY_SIMULATOR_DATA", z.string()) ?? ".granary/simulator",
    },
    instance: read("GRANARY_INSTANCE", z.string().regex(/^[a-z0-9]{4}$/, "4 of a-z and 0-9")) ?? null,
    logLevel: read("GRANARY_LOG_LEVEL", z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(", ")}`)) ?? "info",
    accounts,
    defaultAccounts: defaultsOf(accounts, fromEnvironment),
    refusals: refusalsOf(accounts, supported),
    sources: Object.fromEntries(
      Object.entries(file.sources).map(([source, { dailyUsd, maxBacklog, retention }]) => [
        source,
        defined({
          dailyMicros: dailyUsd === undefined ? undefined : microsOf(dailyUsd),
          maxBacklog,
          retention: Object.keys(retention).length === 0 ? undefined : toRetention(retention),
        }),
      ]),
    ),
    retention: toRetention(file.retention),
    prices: file.prices.map(toPrice),
  };
  if (faults.length > 0) throw new Faulty("the configuration has faults:", faults);
  return config;
}

/** As the domain has it. */
function toRetention({ prompts, artifacts, outcomes, requireExport }: ConfigFile["retention"]): Retention {
  return defined({ promptsMs: prompts, artifactsMs: artifacts, outcomesMs: outcomes, requireExport });
}

function readConfigFile(
  path: string | undefined,
  readFile: (path: string) => string,
  faults: Fault[],
): ConfigFile {
  let text = "";
  try {
    text = path === undefined ? "" : readFile(path);
  } catch (error) {
    faults.push({ path: "GRANARY_CONFIG", message: `cannot read ${path}: ${(error as Error).message}` });
  }
  return parseConfigFile(path ?? "", text, faults);
}

/** Why providers cannot be used. */
function refusalsOf(
  accounts: readonly AccountConfig[],
  supported: readonly ProviderName[],
): Readonly<Record<string, string>> {
  const used = new Set(accounts.map(({ settings }) => settings.provider));
  return Object.fromEntries(
    PROVIDERS.filter((provider) => !used.has(provider)).map((provider) => [
      provider,
      supported.includes(provider)
        ? `set GRANARY_${prefixOf(provider)}_MODE to live or simulated: without a mode ${provider} is not used`
        : `${provider} is not supported yet`,
    ]),
  );
}

/**
 * The account of a provider that the environment describes. Key, base URL and the like are looked at only once the
 * mode is live.
 */
function environmentAccount(
  { read }: EnvironmentReader,
  provider: ProviderName,
  fromFile: readonly AccountDraft[],
  file: ConfigFile,
  simulatedByDefault: boolean,
  faults: Fault[],
): AccountDraft | null {
  const prefix = prefixOf(provider);
  const chosen =
    read(`GRANARY_${prefix}_MODE`, mode) ??
    (simulatedByDefault && fromFile.length === 0 ? "simulated" : undefined);
  if (chosen === undefined) return null;
  const live = chosen === "live";
  const before = faults.length;
  const apiKey = live ? read(`${prefix}_API_KEY`, keyText) : undefined;
  if (live && apiKey === undefined && faults.length === before)
    faults.push({ path: `${prefix}_API_KEY`, message: "a live account needs its key" });
  const ofOpenAI = live && provider === "openai";
  return {
    place: (field) =>
      field === "durations.quiet" ? `GRANARY_${prefix}_QUIET_PERIOD` : `GRANARY_${prefix}_MODE`,
    provider,
    name: live ? "default" : "simulated",
    mode: chosen,
    apiKey,
    baseUrl: live ? read(`${prefix}_BASE_URL`, baseUrl) : undefined,
    headers: {},
    organization: ofOpenAI ? read("OPENAI_ORG_ID", headerText) : undefined,
    project: ofOpenAI ? read("OPENAI_PROJECT_ID", headerText) : undefined,
    profile: undefined,
    durations: {},
    job: {},
    limits: {},
    models: file.models[provider] ?? [],
    wire: undefined,
  };
}

function duplicateFaults(drafts: readonly AccountDraft[], faults: Fault[]): void {
  const seen = new Map<string, AccountDraft>();
  for (const draft of drafts) {
    const id = `${draft.provider}:${draft.name}`;
    const other = seen.get(id);
    if (other)
      faults.push({
        path: draft.place("name"),
        message: `${id} is described twice, also at ${other.place("name")}`,
      });
    else seen.set(id, draft);
  }
}

/** Of each provider: the environment's account, else the one named default, else the only one; else a command has to name one. */
function defaultsOf(
  accounts: readonly AccountConfig[],
  fromEnvironment: readonly AccountDraft[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PROVIDERS.flatMap((provider) => {
      const ids = accounts
        .filter(({ settings }) => settings.provider === provider)
        .map(({ settings }) => settings.id);
      const own = fromEnvironment.find((draft) => draft.provider === provider);
      const chosen =
        (own && `${provider}:${own.name}`) ??
        ids.find((id) => id === `${provider}:default`) ??
        (ids.length === 1 ? ids[0] : undefined);
      return chosen === undefined ? [] : [[provider, chosen]];
    }),
  );
}
