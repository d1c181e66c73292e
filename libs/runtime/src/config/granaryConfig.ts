import type { AccountSettings, Price, Retention, SourceSettings } from "@granary/domain";
import type { Secret } from "./secret.ts";
import type { WireConfig } from "./wireConfig.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An account, and how to reach it. */
export interface AccountConfig {
  readonly settings: AccountSettings;
  readonly apiKey: Secret;
  /** Without a slash at its end. Null: the provider's own; for a simulated account: the simulator is not up yet. */
  readonly baseUrl: string | null;
  /** Sent with every call. All are treated as secrets, since some endpoints take their key in one. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly organization: string | null;
  readonly project: string | null;
  /** What an endpoint that speaks OpenAI's language does otherwise; null where nothing. */
  readonly wire: WireConfig | null;
}

/** Paths of the SQLite file and of the lock file beside it. */
export interface SqlitePlace {
  readonly kind: "sqlite";
  readonly sqlite: string;
  readonly lock: string;
}

/** Where the store is. */
export type StoreConfig =
  | SqlitePlace
  | { readonly kind: "mongo"; readonly uri: Secret; readonly database: string };

/** How to reach NATS. At most one way to sign in is set. */
export interface NatsConfig {
  /** As `nats://host:port` or `tls://host:port`, without credentials. */
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: Secret | null;
  readonly token: Secret | null;
  readonly credentialsFile: string | null;
  readonly caFile: string | null;
  /** Copies of each stream; null: one for streams that are made, and those that are there stay as they are. */
  readonly replicas: 1 | 3 | 5 | null;
}

export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Where traces are sent, by OTLP over HTTP. */
export interface TracingConfig {
  /** The whole address, with the path of traces. */
  readonly url: string;
  /** Sent with every batch; all are treated as secrets. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** Null: `granary-` and the service. */
  readonly serviceName: string | null;
  readonly sampler: (typeof SAMPLERS)[number];
  /** From 0 to 1, for the samplers that take one. */
  readonly ratio: number;
}

/** Everything one process is told from outside, checked. */
export interface GranaryConfig {
  readonly store: StoreConfig;
  /** Null: the bus is in this process. */
  readonly nats: NatsConfig | null;
  readonly artifacts: { readonly folder: string };
  /** Path of the journal of facts, beside a SQLite file; null on MongoDB, where the bus keeps them. */
  readonly journal: string | null;
  /** Where probes and metrics are served; port 0 is any that is free. */
  readonly http: { readonly host: string; readonly port: number };
  /** Null: no traces are made. */
  readonly tracing: TracingConfig | null;
  /** The trace in which a command was started, to go on in; null where none is named, or none that can be used. */
  readonly traceparent: string | null;
  /** What runs: the commit of the build. */
  readonly commit: string;
  /** From being told to stop to the end of the process, in milliseconds. */
  readonly graceMs: number;
  readonly simulator: { readonly url: string | null; readonly folder: string };
  /** Four of [a-z0-9], in the tags of provider jobs; null: the store's own. */
  readonly instance: string | null;
  readonly logLevel: LogLevel;
  readonly accounts: readonly AccountConfig[];
  /** The account that is meant where a command names none, by provider. */
  readonly defaultAccounts: Readonly<Record<string, string>>;
  /** Why a provider cannot be used here, by provider. */
  readonly refusals: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, SourceSettings>>;
  /** How long what has ended is kept, where its source says nothing else. */
  readonly retention: Retention;
  /** Prices beside, and before, those that come with the program. */
  readonly prices: readonly Price[];
}

/** What the embedded stack is told: its store is a SQLite file and its bus is in the process. */
export interface EmbeddedConfig extends GranaryConfig {
  readonly store: SqlitePlace;
  readonly nats: null;
  readonly journal: string;
}

/** The configuration with its simulated accounts pointed at a simulator that listens at `url`. */
export function withSimulator<C extends GranaryConfig>(config: C, url: string): C {
  const base = url.replace(/\/+$/, "");
  return {
    ...config,
    simulator: { ...config.simulator, url: base },
    accounts: config.accounts.map((account) =>
      account.settings.mode === "simulated"
        ? { ...account, baseUrl: simulatedBaseUrl(account.settings.provider, base) }
        : account,
    ),
  };
}

/** Where a provider's simulated API is, at a simulator. */
export function simulatedBaseUrl(provider: string, url: string): string {
  return `${url}/${provider}${provider === "openai" ? "/v1" : ""}`;
}

/** The configuration for people to read: plain data, every secret `[redacted]`. */
export function redacted(config: GranaryConfig): unknown {
  return JSON.parse(JSON.stringify(config));
}
