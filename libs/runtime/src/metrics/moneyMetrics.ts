import type { TaskDoc } from "@granary/domain";
import type { Instruments } from "./instruments.ts";
import { STAY_SECONDS } from "./instruments.ts";
import type { ModelLabels } from "./modelLabels.ts";

const MICROS = 1_000_000;

/** What is told apart by model: what was paid, and how long jobs take. */
export interface MoneyMetrics {
  /** Begins a model's metrics at zero, so that its first dollar is an increase that can be seen. Repeatable. */
  readonly expect: (provider: string, model: string) => void;
  /** A job has ended at its provider after so many seconds. */
  readonly jobEnded: (task: Pick<TaskDoc, "provider" | "model">, seconds: number) => void;
  /** A task's verdicts were committed, with what was charged for its lines. */
  readonly charged: (task: Pick<TaskDoc, "provider" | "model" | "verdicts">) => void;
}

/** Makes the metrics that are told apart by model. Models are named when they are first met. */
export function moneyMetrics(
  { counter, histogram }: Instruments,
  providers: readonly string[],
  labelOf: ModelLabels,
): MoneyMetrics {
  const none = { provider: [], model: [] };
  const cost = counter(
    {
      name: "granary_cost_dollars_total",
      help: "US dollars charged for lines that were decided about, by our prices; lines without a known price are left out",
    },
    none,
  );
  const unused = counter(
    {
      name: "granary_unused_cost_dollars_total",
      help: "US dollars charged beside these for lines nobody waited for any more: second answers and items that had ended otherwise",
    },
    { provider: providers },
  );
  const unpriced = counter(
    {
      name: "granary_unpriced_tasks_total",
      help: "Tasks with charged lines whose price is not known, so that their cost is not in the dollars",
    },
    { provider: providers },
  );
  const duration = histogram(
    {
      name: "granary_job_duration_seconds",
      help: "How long provider jobs ran, from their submission until the provider ended them",
      buckets: STAY_SECONDS,
    },
    none,
  );
  const begun = new Set<string>();
  return {
    expect(provider, model) {
      const labels = { provider, model: labelOf(provider, model) };
      const key = JSON.stringify(labels);
      if (begun.has(key)) return;
      begun.add(key);
      cost.inc(labels, 0);
      duration.zero(labels);
    },
    jobEnded({ provider, model }, seconds) {
      duration.observe({ provider, model: labelOf(provider, model) }, seconds);
    },
    charged({ provider, model, verdicts }) {
      if (!verdicts) return;
      const { costMicros, unusedMicros } = verdicts;
      cost.inc({ provider, model: labelOf(provider, model) }, (costMicros ?? 0) / MICROS);
      unused.inc({ provider }, (unusedMicros ?? 0) / MICROS);
      if (costMicros === null || unusedMicros === null) unpriced.inc({ provider });
    },
  };
}
