import type { AccountDoc, AccountUsage, Gauges } from "@granary/domain";
import { WHOLE_ACCOUNT } from "@granary/domain";
import type { Gauge } from "prom-client";
import type { AccountGauges, Budgets } from "./accountGauges.ts";
import type { Instruments } from "./instruments.ts";
import { KINDS, PAUSES, providerOf, REQUEST_STATES, ROLES, TASK_STATES } from "./labels.ts";

/** What one look at the store found. */
export interface StoreLook {
  readonly gauges: Gauges;
  /** Of the accounts this process has. */
  readonly accounts: readonly AccountDoc[];
  /** Of each of these. */
  readonly usage: ReadonlyMap<string, AccountUsage>;
  /** The store's clock. */
  readonly now: number;
}

export interface StoreGauges {
  /** Shows what a look found; every state and provider without any is zero. */
  readonly show: (look: StoreLook, budgets: Budgets) => void;
  /** The store is away: what it would say is not known, and old numbers would be lies. */
  readonly forget: () => void;
}

/** Numbers that the store has. Every replica tells the same ones: take the highest, never their sum. */
export function storeGauges(
  { gauge }: Instruments,
  service: string,
  providers: readonly string[],
  ofAccounts: AccountGauges,
): StoreGauges {
  const made: Gauge[] = [...ofAccounts.made];
  const fromStore = <N extends string>(name: string, help: string, labels: readonly N[]): Gauge<N> => {
    const one = gauge({ name, help }, labels);
    made.push(one);
    return one;
  };
  const up = gauge({ name: "granary_store_up", help: "1 where the store answered this scrape" }, ["service"]);
  const tasks = fromStore("granary_tasks", "Tasks, by state", ["provider", "state"]);
  const oldest = fromStore(
    "granary_oldest_in_state_seconds",
    "How long the oldest task of a state is in it",
    ["provider", "state"],
  );
  const requests = fromStore("granary_requests", "Requests, by state", ["state"]);
  const slices = fromStore("granary_slices_open", "Slices that are not settled", ["service"]);
  const orphans = fromStore("granary_orphan_provider_jobs", "Provider jobs with our tag and no task", [
    "provider",
  ]);
  const unknown = fromStore("granary_create_unknown", "Tasks whose create has no known answer", ["provider"]);
  const polls = fromStore("granary_polls_overdue", "Tasks that are due at the monitor and nobody's", [
    "provider",
  ]);
  const oldestPoll = fromStore("granary_oldest_overdue_poll_seconds", "How long the oldest of these is due", [
    "provider",
  ]);
  const overdue = fromStore("granary_overdue", "Documents that are due and nobody's", [
    "provider",
    "kind",
    "role",
  ]);
  const oldestOverdue = fromStore("granary_oldest_overdue_seconds", "How long the oldest of these is due", [
    "provider",
    "kind",
    "role",
  ]);
  const nearExpiry = fromStore(
    "granary_tasks_near_expiry",
    "Running tasks that the provider ends within the hour",
    ["provider"],
  );
  const paused = fromStore("granary_paused", "1 while any account is paused for this", [
    "provider",
    "operation",
  ]);
  const pending = fromStore("granary_outbox_pending", "Facts that are not published yet", ["service"]);
  const oldestFact = fromStore("granary_outbox_oldest_unpublished_seconds", "Age of the oldest of these", [
    "service",
  ]);
  const poison = fromStore("granary_poison_documents", "Documents whose steps fail again and again", [
    "kind",
  ]);
  const dead = fromStore("granary_dead_letters", "Dead letters that were not sent again", ["service"]);

  function zero(): void {
    for (const provider of providers) {
      for (const state of TASK_STATES) {
        tasks.set({ provider, state }, 0);
        oldest.set({ provider, state }, 0);
      }
      for (const one of [orphans, unknown, polls, oldestPoll, nearExpiry]) one.set({ provider }, 0);
      for (const operation of PAUSES) paused.set({ provider, operation }, 0);
      for (const kind of KINDS)
        for (const role of ROLES) {
          overdue.set({ provider, kind, role }, 0);
          oldestOverdue.set({ provider, kind, role }, 0);
        }
    }
    for (const state of REQUEST_STATES) requests.set({ state }, 0);
    for (const kind of KINDS) poison.set({ kind }, 0);
  }

  function showTasks(rows: Gauges["tasks"], now: number): void {
    for (const [provider, of] of Map.groupBy(rows, ({ account }) => providerOf(account)))
      for (const [state, group] of Map.groupBy(of, (row) => row.state)) {
        const count = sum(group.map((row) => row.count));
        tasks.set({ provider, state }, count);
        if (state === "unknown") unknown.set({ provider }, count);
        oldest.set({ provider, state }, ageSeconds(now, Math.min(...group.map((row) => row.oldestAt))));
      }
  }

  function showOverdue(rows: Gauges["overdue"], now: number): void {
    for (const group of Map.groupBy(rows, (row) =>
      JSON.stringify([providerOf(row.account), row.kind, row.duty]),
    ).values()) {
      const [{ account, kind, duty: role }] = group as [Gauges["overdue"][number]];
      const provider = providerOf(account);
      const count = sum(group.map((row) => row.count));
      const age = ageSeconds(now, Math.min(...group.map((row) => row.oldestDueAt)));
      overdue.set({ provider, kind, role }, count);
      oldestOverdue.set({ provider, kind, role }, age);
      if (kind !== "task" || role !== "monitor") continue;
      polls.set({ provider }, count);
      oldestPoll.set({ provider }, age);
    }
  }

  return {
    forget() {
      for (const one of made) one.reset();
      up.set({ service }, 0);
    },
    show({ gauges, accounts, usage, now }, budgets) {
      for (const one of made) one.reset();
      zero();
      up.set({ service }, 1);
      ofAccounts.show({ usage, running: gauges.running, sweeps: gauges.sweeps, now }, budgets);
      showTasks(gauges.tasks, now);
      showOverdue(gauges.overdue, now);
      for (const { state, count } of gauges.requests) requests.set({ state }, count);
      slices.set({ service }, gauges.slicesOpen);
      for (const { account, count } of gauges.nearExpiry)
        nearExpiry.inc({ provider: providerOf(account) }, count);
      for (const sweep of gauges.sweeps) orphans.inc({ provider: providerOf(sweep.account) }, sweep.orphans);
      for (const { kind } of gauges.poison) poison.inc({ kind });
      pending.set({ service }, gauges.outbox.pending);
      const { oldestAt } = gauges.outbox;
      oldestFact.set({ service }, oldestAt === null ? 0 : ageSeconds(now, oldestAt));
      dead.set({ service }, gauges.dead);
      for (const { account, pauses } of accounts)
        for (const [scope, { until }] of Object.entries(pauses))
          if (until > now)
            paused.set(
              { provider: providerOf(account), operation: scope === WHOLE_ACCOUNT ? "all" : "create" },
              1,
            );
    },
  };
}

function ageSeconds(now: number, at: number): number {
  return Math.max(0, now - at) / 1000;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
