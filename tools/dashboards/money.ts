import type { Dashboard } from "./panel.ts";
import { graph, number } from "./panel.ts";

const CHOSEN = 'provider=~"$provider"';

/** What is spent, on what, against which budget. */
export const MONEY: Dashboard = {
  uid: "granary-money",
  title: "Granary / Money",
  description: "What is spent by our prices, against which budgets, and what was spent for nothing.",
  byProvider: true,
  rows: [
    {
      title: "Today (UTC)",
      panels: [
        number({
          title: "Spent",
          description: "What ended tasks cost, and estimates of those under way.",
          unit: "currencyUSD",
          width: 6,
          queries: [{ expr: "max by (account) (granary_spent_today_dollars)", legend: "{{account}}" }],
        }),
        number({
          title: "Of the accounts' budgets",
          description: "Nothing where an account has none. What would go beyond waits for the next day.",
          unit: "percentunit",
          width: 6,
          thresholds: { orange: 0.9, red: 1 },
          queries: [
            {
              expr: "max by (account) (granary_spent_today_dollars / (granary_daily_budget_dollars > 0))",
              legend: "{{account}}",
            },
          ],
        }),
        number({
          title: "Of the sources' budgets",
          description: "Only sources that have one.",
          unit: "percentunit",
          width: 6,
          thresholds: { orange: 0.9, red: 1 },
          queries: [
            {
              expr: "max by (source) (granary_source_spent_today_dollars / (granary_source_daily_budget_dollars > 0))",
              legend: "{{source}}",
            },
          ],
        }),
        number({
          title: "Second jobs, one day",
          description: "Second provider jobs for the same work: paid twice until they are cancelled.",
          unit: "short",
          width: 6,
          thresholds: { red: 1 },
          queries: [
            {
              expr: `sum(increase(granary_duplicate_provider_jobs_total{${CHOSEN}}[24h]))`,
              legend: "jobs",
            },
          ],
        }),
      ],
    },
    {
      title: "Where it goes",
      panels: [
        graph({
          title: "Charged an hour, by model",
          description:
            "US dollars of the last hour, when lines were decided about: later than the provider charges.",
          unit: "currencyUSD",
          stacked: true,
          queries: [
            {
              expr: `sum by (provider, model) (increase(granary_cost_dollars_total{${CHOSEN}}[1h]))`,
              legend: "{{provider}} {{model}}",
            },
          ],
        }),
        graph({
          title: "Charged a day, by provider",
          description: "US dollars of the last 24 hours.",
          unit: "currencyUSD",
          queries: [
            {
              expr: `sum by (provider) (increase(granary_cost_dollars_total{${CHOSEN}}[24h]))`,
              legend: "{{provider}}",
            },
          ],
        }),
        graph({
          title: "A thousand answers cost",
          description: "Charged in the last hour for a thousand items that succeeded.",
          unit: "currencyUSD",
          queries: [
            {
              expr: `1000 * sum by (provider) (increase(granary_cost_dollars_total{${CHOSEN}}[1h])) / (sum by (provider) (increase(granary_lines_total{${CHOSEN},outcome="succeeded"}[1h])) > 0)`,
              legend: "{{provider}}",
            },
          ],
        }),
        graph({
          title: "Tokens",
          description: "Tokens that the provider reported, an hour. Cached ones are input, too.",
          unit: "short",
          queries: [
            {
              expr: `sum by (provider, direction) (increase(granary_tokens_total{${CHOSEN}}[1h]))`,
              legend: "{{provider}} {{direction}}",
            },
          ],
        }),
        graph({
          title: "Charged for nothing",
          description: "US dollars a day for second answers, and for items that had ended otherwise.",
          unit: "currencyUSD",
          queries: [
            {
              expr: `sum by (provider) (increase(granary_unused_cost_dollars_total{${CHOSEN}}[24h]))`,
              legend: "{{provider}}",
            },
          ],
        }),
        graph({
          title: "Without a known price",
          description: "Tasks of the last day whose cost is unknown; it is in no figure here.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [
            {
              expr: `sum by (provider) (increase(granary_unpriced_tasks_total{${CHOSEN}}[24h]))`,
              legend: "{{provider}}",
            },
          ],
        }),
      ],
    },
  ],
};
