import type { Dashboard } from "./panel.ts";
import { graph, number, quantiles } from "./panel.ts";

const CHOSEN = 'provider=~"$provider"';

/** How providers and accounts are. */
export const PROVIDERS: Dashboard = {
  uid: "granary-providers",
  title: "Granary / Providers and accounts",
  description: "Whether providers answer, accounts are taken, and jobs end in their usual time.",
  byProvider: true,
  rows: [
    {
      title: "Needs a person",
      panels: [
        number({
          title: "Creates without an answer",
          description:
            "Nothing is created again for their items until that is settled: granary unknown list.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [
            { expr: `max by (provider) (granary_create_unknown{${CHOSEN}})`, legend: "{{provider}}" },
          ],
        }),
        number({
          title: "Orphan jobs",
          description: "Provider jobs with our tag that no task knows.",
          unit: "short",
          thresholds: { red: 1 },
          queries: [
            { expr: `max by (provider) (granary_orphan_provider_jobs{${CHOSEN}})`, legend: "{{provider}}" },
          ],
        }),
        number({
          title: "Second jobs",
          description:
            "Second provider jobs for the same work in the last day: paid twice until they are cancelled.",
          unit: "short",
          thresholds: { red: 1 },
          queries: [
            {
              expr: `sum by (provider) (increase(granary_duplicate_provider_jobs_total{${CHOSEN}}[24h]))`,
              legend: "{{provider}}",
            },
          ],
        }),
        number({
          title: "Paused",
          description: "1 while an account is paused for everything, or for the creates of a model.",
          unit: "bool_on_off",
          thresholds: { orange: 1 },
          queries: [
            {
              expr: `max by (provider, operation) (granary_paused{${CHOSEN}})`,
              legend: "{{provider}} {{operation}}",
            },
          ],
        }),
        number({
          title: "Expire within the hour",
          description: "Running jobs that the provider ends soon.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [
            { expr: `max by (provider) (granary_tasks_near_expiry{${CHOSEN}})`, legend: "{{provider}}" },
          ],
        }),
        number({
          title: "Schema drift, one day",
          description: "Sightings of fields and statuses that this version does not know.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [
            {
              expr: `sum by (provider, object) (increase(granary_schema_drift_total{${CHOSEN}}[24h]))`,
              legend: "{{provider}} {{object}}",
            },
          ],
        }),
      ],
    },
    {
      title: "Calls",
      panels: [
        graph({
          title: "Calls by outcome",
          description: "Calls to the provider, by what came of them.",
          unit: "ops",
          stacked: true,
          queries: [
            {
              expr: `sum by (provider, outcome) (rate(granary_provider_requests_total{${CHOSEN}}[$__rate_interval]))`,
              legend: "{{provider}} {{outcome}}",
            },
          ],
        }),
        graph({
          title: "Share of the provider's own faults",
          description: "Calls that ended in a server error, a time-out or a broken connection.",
          unit: "percentunit",
          thresholds: { orange: 0.01, red: 0.5 },
          queries: [
            {
              expr: `sum by (provider) (rate(granary_provider_requests_total{${CHOSEN},outcome=~"server_error|timeout|network"}[5m])) / (sum by (provider) (rate(granary_provider_requests_total{${CHOSEN}}[5m])) > 0)`,
              legend: "{{provider}}",
            },
          ],
        }),
        graph({
          title: "Length of calls",
          description: "Of a download, until its first byte.",
          unit: "s",
          queries: quantiles("granary_provider_request_duration_seconds", {
            by: "provider, operation",
            matchers: `{${CHOSEN}}`,
            window: "5m",
          }),
        }),
        graph({
          title: "Told to wait",
          description: "Seconds of waiting that the provider asked for, a second.",
          unit: "s",
          queries: [
            {
              expr: `sum by (provider, operation) (rate(granary_rate_limit_wait_seconds_sum{${CHOSEN}}[$__rate_interval]))`,
              legend: "{{provider}} {{operation}}",
            },
          ],
        }),
        graph({
          title: "Looks at jobs",
          description: "Looks at jobs that succeeded: by themselves, or a page of the list at a time.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (provider, mode) (rate(granary_polls_total{${CHOSEN},outcome="ok"}[$__rate_interval]))`,
              legend: "{{provider}} {{mode}}",
            },
          ],
        }),
        graph({
          title: "Creates",
          description:
            "What became of creates. Unknown ones lost their answer; adopted ones were found again.",
          unit: "short",
          stacked: true,
          queries: [
            {
              expr: `sum by (provider, outcome) (increase(granary_submissions_total{${CHOSEN}}[15m]))`,
              legend: "{{provider}} {{outcome}}",
            },
          ],
        }),
      ],
    },
    {
      title: "Jobs",
      panels: [
        graph({
          title: "Running, by model",
          description: "Tasks whose provider job runs.",
          unit: "short",
          stacked: true,
          queries: [
            {
              expr: `max by (provider, model) (granary_running_jobs{${CHOSEN}})`,
              legend: "{{provider}} {{model}}",
            },
          ],
        }),
        graph({
          title: "Oldest job beside what is usual",
          description:
            "How long the oldest running job of a model runs, and within what time nine in ten of its jobs of the last week ended. Three times as long is a stall.",
          unit: "s",
          queries: [
            {
              expr: `max by (provider, model) (granary_oldest_running_job_seconds{${CHOSEN}})`,
              legend: "{{model}}, oldest",
            },
            { expr: `granary:job_duration_seconds:p90_7d{${CHOSEN}}`, legend: "{{model}}, usual" },
          ],
        }),
        graph({
          title: "How long jobs ran",
          description: "From submission until the provider ended them, of those that ended in the last hour.",
          unit: "s",
          queries: quantiles("granary_job_duration_seconds", {
            by: "provider, model",
            matchers: `{${CHOSEN}}`,
            window: "1h",
          }),
        }),
      ],
    },
    {
      title: "Accounts",
      panels: [
        graph({
          title: "Jobs beside the limit",
          description: "Tasks that have a job under way or may have one, and how many the account may have.",
          unit: "short",
          queries: [
            { expr: "max by (account) (granary_account_jobs)", legend: "{{account}}" },
            { expr: "max by (account) (granary_account_jobs_limit)", legend: "{{account}}, limit" },
          ],
        }),
        graph({
          title: "Jobs of others",
          description:
            "Live jobs under the key that are not ours; they use up its limits: granary jobs --foreign.",
          unit: "short",
          queries: [{ expr: "max by (account) (granary_foreign_provider_jobs)", legend: "{{account}}" }],
        }),
        graph({
          title: "Files removed at the provider",
          description: "Ended tasks whose files there were removed, or left.",
          unit: "short",
          queries: [
            {
              expr: `sum by (provider, outcome) (increase(granary_provider_file_removals_total{${CHOSEN}}[1h]))`,
              legend: "{{provider}} {{outcome}}",
            },
          ],
        }),
      ],
    },
  ],
};
