import { tmpdir } from "node:os";
import type { Account, SweepDoc } from "@granary/domain";
import { newHead, newTask } from "@granary/domain";
import { noteNats, openMetrics, systemClock, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";

/** A metric as services export it. */
export interface ExportedMetric {
  readonly type: string;
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
}

const ACCOUNTS = ["openai", "gemini", "anthropic"].map((provider) => ({
  id: `${provider}:simulated`,
  provider,
  mode: "simulated" as const,
}));
const SERVICES = ["submitter", "monitor", "harvester"] as const;
const BUDGETS = {
  accounts: new Map(
    ACCOUNTS.map(({ id }) => [id, { settings: { limits: { jobs: 5, dailyMicros: 1_000_000 } } } as Account]),
  ),
  sources: { shop: { dailyMicros: 1_000_000 } },
};

/**
 * Every metric that the three services export, with the values of its labels, from their own registries over a real
 * store that has a running task and a sweep of each account.
 */
export async function exportedMetrics(): Promise<{
  readonly metrics: ReadonlyMap<string, ExportedMetric>;
  /** What one service answers a scrape. */
  readonly text: string;
}> {
  const store = sqliteStore({ path: ":memory:", clock: systemClock, ids: systemIds });
  try {
    await store.ensure();
    for (const { id, provider } of ACCOUNTS) {
      const task = newTask({
        id: `gr0000-${provider}`,
        by: "",
        owner: "",
        leaseUntil: 0,
        account: id,
        provider,
        poolKey: id,
        model: `model-of-${provider}`,
        endpoint: "/v1/responses",
        priority: 0,
      });
      await store.insertOnce("task", { ...task, state: "running" });
      const sweep: SweepDoc = {
        ...newHead({ id, by: "", dueAt: 0 }),
        state: "open",
        account: id,
        seq: 0,
        startedAt: null,
        foreign: { jobs: 0, lines: 0 },
        orphans: [],
        lastError: null,
      };
      await store.insertOnce("sweep", sweep);
    }
    const texts: string[] = [];
    for (const service of SERVICES) {
      const metrics = openMetrics({ service, version: "1", commit: "c", accounts: ACCOUNTS });
      metrics.watchStore(store, systemClock, BUDGETS);
      metrics.watchDisks({ artifacts: tmpdir(), store: tmpdir() });
      noteNats(metrics, "connected");
      texts.push((await metrics.scrape()).text);
    }
    return { metrics: metricsIn(texts.join("")), text: texts[0]! };
  } finally {
    await store.close();
  }
}

function metricsIn(text: string): ReadonlyMap<string, ExportedMetric> {
  const metrics = new Map<string, { type: string; labels: Map<string, Set<string>> }>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name && type && !metrics.has(name)) metrics.set(name, { type, labels: new Map() });
    const [, sample = "", row = ""] = /^([a-z_0-9]+)\{(.*)\} /.exec(line) ?? [];
    const metric = metrics.get(sample) ?? metrics.get(sample.replace(/_(?:bucket|sum|count)$/, ""));
    for (const [, label = "", value = ""] of row.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
      const values = metric?.labels.get(label) ?? new Set();
      metric?.labels.set(label, values.add(value));
    }
  }
  return metrics;
}
