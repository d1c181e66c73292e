import type { AccountSettings, Clock } from "@granary/domain";
import { collectDefaultMetrics, Registry } from "prom-client";
import { accountGauges } from "./accountGauges.ts";
import type { Budgets } from "./accountGauges.ts";
import { diskGauges } from "./diskGauges.ts";
import type { DiskFolders } from "./diskGauges.ts";
import { instruments } from "./instruments.ts";
import { lookAtStore } from "./lookAtStore.ts";
import type { WatchedStore } from "./lookAtStore.ts";
import { modelLabels } from "./modelLabels.ts";
import { processMetrics } from "./processMetrics.ts";
import type { ProcessMetrics } from "./processMetrics.ts";
import { providerMetrics } from "./providerMetrics.ts";
import type { ProviderMetrics } from "./providerMetrics.ts";
import { storeGauges } from "./storeGauges.ts";
import { workMetrics } from "./workMetrics.ts";
import type { WorkMetrics } from "./workMetrics.ts";

export interface MetricsOptions {
  /** `submitter`, `monitor`, `harvester`, or what the process is else. */
  readonly service: string;
  readonly version: string;
  readonly commit: string;
  readonly accounts: readonly Pick<AccountSettings, "id" | "provider" | "mode">[];
  /** Also tell of the runtime: memory, event loop, file handles. Default true. */
  readonly runtime?: boolean;
}

/** The metrics of one process. */
export interface Metrics {
  readonly service: string;
  readonly provider: ProviderMetrics;
  readonly work: WorkMetrics;
  readonly process: ProcessMetrics;
  /** From now on a scrape also tells what this store has, and how it stands against these budgets. */
  readonly watchStore: (store: WatchedStore, clock: Clock, budgets?: Budgets) => void;
  /** From now on a scrape also tells how much room there is on the disks of these folders. */
  readonly watchDisks: (folders: DiskFolders) => void;
  /** Everything in the text format of Prometheus. Answers also while the store is away. */
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Gauges that the runtime's own metrics call `_total` as if they were counters; their parts are told anyway. */
const MISNAMED = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);
const NO_BUDGETS: Budgets = { accounts: new Map(), sources: {} };

/** Metrics in a registry of their own, with every combination of their labels at zero. */
export function openMetrics({ service, version, commit, accounts, runtime = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  const make = instruments(registry);
  const providers = [...new Set(accounts.map(({ provider }) => provider))];
  const labelOf = modelLabels();
  const work = workMetrics(make, service, providers, labelOf);
  const ofAccounts = accountGauges(make, labelOf, work.money.expect);
  const gauges = storeGauges(make, service, providers, ofAccounts);
  const showDisks = diskGauges(make, service);
  make
    .gauge({ name: "granary_build_info", help: "1, with what runs" }, ["service", "version", "commit"])
    .set({ service, version, commit }, 1);
  const accountInfo = make.gauge({ name: "granary_account_info", help: "1, with the mode of each account" }, [
    "provider",
    "account",
    "mode",
  ]);
  for (const { id, provider, mode } of accounts) accountInfo.set({ provider, account: id, mode }, 1);
  if (runtime) {
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
  }
  let look: (() => Promise<void>) | null = null;
  let disks: DiskFolders = {};
  return {
    service,
    provider: providerMetrics(make, providers),
    work,
    process: processMetrics(make, service),
    watchStore(store, clock, budgets = NO_BUDGETS) {
      look = lookAtStore({ store, clock, gauges, accounts: accounts.map(({ id }) => id), budgets });
    },
    watchDisks: (folders) => void (disks = folders),
    async scrape() {
      await Promise.all([look?.(), showDisks(disks)]);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
