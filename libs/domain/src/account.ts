import type { BatchProvider, Dialect, JobLimits } from "./batchProvider.ts";
import type { Price } from "./pricing.ts";
import type { Retention } from "./retention.ts";

/** Durations of an account, in milliseconds. */
export interface Durations {
  /** How long a claim stands without being renewed; it is renewed every third of it. */
  readonly leaseMs: number;
  /** Shortest and longest time between two looks at a running job. */
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** Between two passes over the account's job list. */
  readonly sweepMs: number;
  /** After an unknown create, before its absence is believed. Longer than any listing lag and any tolerated pause. */
  readonly quietMs: number;
  /** How long a terminal job may take to show all its files and lines. */
  readonly settleMs: number;
  /** How long a small request waits to share a job. */
  readonly lingerMs: number;
  /** From submission until we ask for a cancellation ourselves. */
  readonly jobTimeoutMs: number;
}

/** What one account takes at once. Absent means no limit of ours. */
export interface AccountLimits {
  readonly job: JobLimits;
  /** Provider jobs under way. */
  readonly jobs?: number;
  /** Enqueued input tokens of one model. */
  readonly tokensPerModel?: number;
  readonly createsPerMinute?: number;
  /** Micro-dollars a UTC day. */
  readonly dailyMicros?: number;
}

/**
 * What becomes of an account's files at the provider. `remove`: they are removed once their task has ended and all
 * that they say lies here; where the API has an expiry, one is set beside it. `expire`: the expiry alone. `keep`:
 * neither.
 */
export type FilePolicy = "keep" | "remove" | "expire";

/** Whether an account is somebody's, and paid for, or the simulator's. */
export type AccountMode = "live" | "simulated";

/** The mode of an account by its id: `simulated` is the name of simulated ones, and of no other. */
export function modeOf(account: string): AccountMode {
  return account.endsWith(":simulated") ? "simulated" : "live";
}

/** A key, project, base URL and mode at a provider. Its mode is for life. */
export interface AccountSettings {
  /** `<provider>:<name>`; simulated accounts are named `<provider>:simulated`. */
  readonly id: string;
  readonly provider: string;
  readonly mode: AccountMode;
  readonly durations: Durations;
  readonly limits: AccountLimits;
  /** Models to take beside those with a known price. */
  readonly extraModels: readonly string[];
  /** `remove` where absent. */
  readonly files?: FilePolicy;
}

/** An account that this process can use. */
export interface Account {
  readonly settings: AccountSettings;
  readonly dialect: Dialect;
  readonly provider: BatchProvider;
}

/** What a source may spend and hold. */
export interface SourceSettings {
  /** Micro-dollars a UTC day. */
  readonly dailyMicros?: number;
  /** Items that may be open at a time; a request that would go beyond it is refused, `backlog_full`. */
  readonly maxBacklog?: number;
  /** How long its requests are kept, in place of the retention of all. */
  readonly retention?: Retention;
}

/** The configuration the steps need; handed in, never read by the domain. */
export interface Catalogue {
  readonly accounts: ReadonlyMap<string, Account>;
  /** The account a submit command means when it names none, by provider. */
  readonly defaultAccounts: Readonly<Record<string, string>>;
  readonly prices: readonly Price[];
  readonly sources: Readonly<Record<string, SourceSettings>>;
}

/** Profile `usual`: real accounts. */
export const USUAL: Durations = {
  leaseMs: 30_000,
  pollMinMs: 30_000,
  pollMaxMs: 600_000,
  sweepMs: 60_000,
  quietMs: 900_000,
  settleMs: 900_000,
  lingerMs: 60_000,
  jobTimeoutMs: 26 * 3_600_000,
};

/** Profile `fast`: simulated accounts of the demo, of `granary up` and of tests. */
export const FAST: Durations = {
  leaseMs: 5_000,
  pollMinMs: 500,
  pollMaxMs: 500,
  sweepMs: 1_000,
  quietMs: 5_000,
  settleMs: 2_000,
  lingerMs: 1_000,
  jobTimeoutMs: 600_000,
};
