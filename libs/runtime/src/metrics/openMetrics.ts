import type { AccountSettings, Clock, Store } from "@granary/domain";
import { collectDefaultMetrics, Registry } from "prom-client";
import { instruments } from "./instruments.ts";
import { lookAtStore } from "./lookAtStore.ts";
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
  /** From now on a scrape also tells what this store has. */
  readonly watchStore: (store: Pick<Store, "gauges" | "loadMany" | "now">, clock: Clock) => void;
  /** Everything in the text format of Prometheus. Answers also while the store is away. */
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Metrics in a registry of their own, with every combination of their labels at zero. */
export function openMetrics({ service, version, commit, accounts, runtime = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  const make = instruments(registry);
  const providers = [...new Set(accounts.map(({ provider }) => provider))];
  const gauges = storeGauges(make, service, providers);
  make
    .gauge({ name: "granary_build_info", help: "1, with what runs" }, ["service", "version", "commit"])
    .set({ service, version, commit }, 1);
  const accountInfo = make.gauge({ name: "granary_account_info", help: "1, with the mode of each account" }, [
    "provider",
    "account",
    "mode",
  ]);
  for (const { id, provider, mode } of accounts) accountInfo.set({ provider, account: id, mode }, 1);
  if (runtime) collectDefaultMetrics({ register: registry });
  let look: (() => Promise<void>) | null = null;
  return {
    service,
    provider: providerMetrics(make, providers),
    work: workMetrics(make, service, providers),
    process: processMetrics(make, service),
    watchStore(store, clock) {
      look = lookAtStore({ store, clock, gauges, accounts: accounts.map(({ id }) => id) });
    },
    async scrape() {
      await look?.();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
