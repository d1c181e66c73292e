import type { AccountUsage, Catalogue, Gauges } from "@granary/domain";
import type { Gauge } from "prom-client";
import type { Instruments } from "./instruments.ts";
import { providerOf } from "./labels.ts";
import type { ModelLabels } from "./modelLabels.ts";

const MICROS = 1_000_000;

/** What the configuration in force allows. */
export type Budgets = Pick<Catalogue, "accounts" | "sources">;

/** What the accounts of this process have under way and spent. */
export interface AccountLook {
  readonly usage: ReadonlyMap<string, AccountUsage>;
  readonly running: Gauges["running"];
  readonly sweeps: Gauges["sweeps"];
  /** The store's clock. */
  readonly now: number;
}

/** Gauges of accounts, of models under way and of budgets. */
export interface AccountGauges {
  readonly made: readonly Gauge[];
  readonly show: (look: AccountLook, budgets: Budgets) => void;
}

/** Makes them; what has no limit or budget has no sample of one. `met` hears of every model that is under way. */
export function accountGauges(
  { gauge }: Instruments,
  labelOf: ModelLabels,
  met: (provider: string, model: string) => void,
): AccountGauges {
  const made: Gauge[] = [];
  const fromStore = <N extends string>(name: string, help: string, labels: readonly N[]): Gauge<N> => {
    const one = gauge({ name, help }, labels);
    made.push(one);
    return one;
  };
  const running = fromStore("granary_running_jobs", "Tasks whose provider job runs", ["provider", "model"]);
  const oldest = fromStore("granary_oldest_running_job_seconds", "How long the oldest of these runs", [
    "provider",
    "model",
  ]);
  const jobs = fromStore("granary_account_jobs", "Tasks that have a job under way, or may have one", [
    "account",
  ]);
  const jobsLimit = fromStore("granary_account_jobs_limit", "How many of these the account may have", [
    "account",
  ]);
  const foreign = fromStore("granary_foreign_provider_jobs", "Live jobs under the key that are not ours", [
    "account",
  ]);
  const spent = fromStore(
    "granary_spent_today_dollars",
    "US dollars of the UTC day: what ended tasks cost, and estimates of those under way",
    ["account"],
  );
  const budget = fromStore(
    "granary_daily_budget_dollars",
    "US dollars a UTC day that the account may spend",
    ["account"],
  );
  const sourceSpent = fromStore(
    "granary_source_spent_today_dollars",
    "The same of a source that has a budget, over all accounts of this process",
    ["source"],
  );
  const sourceBudget = fromStore(
    "granary_source_daily_budget_dollars",
    "US dollars a UTC day that the source may spend",
    ["source"],
  );

  function showRunning(rows: Gauges["running"], now: number): void {
    const ages = new Map<string, number>();
    for (const { account, model, count, oldestAt } of rows) {
      const provider = providerOf(account);
      met(provider, model);
      const labels = { provider, model: labelOf(provider, model) };
      running.inc(labels, count);
      const key = JSON.stringify(labels);
      const age = Math.max(ages.get(key) ?? 0, (now - oldestAt) / 1000);
      ages.set(key, age);
      oldest.set(labels, age);
    }
  }

  return {
    made,
    show({ usage, running: rows, sweeps, now }, { accounts, sources }) {
      showRunning(rows, now);
      for (const [account, { jobs: count, spentMicros }] of usage) {
        jobs.set({ account }, count);
        spent.set({ account }, spentMicros / MICROS);
        const limits = accounts.get(account)?.settings.limits;
        if (limits?.jobs !== undefined) jobsLimit.set({ account }, limits.jobs);
        if (limits?.dailyMicros !== undefined) budget.set({ account }, limits.dailyMicros / MICROS);
      }
      for (const { account, foreignJobs } of sweeps)
        if (usage.has(account)) foreign.set({ account }, foreignJobs);
      for (const [source, { dailyMicros }] of Object.entries(sources)) {
        if (dailyMicros === undefined) continue;
        const micros = [...usage.values()].map(({ spentBySource }) => spentBySource[source] ?? 0);
        sourceSpent.set({ source }, micros.reduce((total, one) => total + one, 0) / MICROS);
        sourceBudget.set({ source }, dailyMicros / MICROS);
      }
    },
  };
}
