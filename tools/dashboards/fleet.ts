import type { Dashboard } from "./panel.ts";
import { graph, number, quantiles } from "./panel.ts";

/** What everybody looks at first: is work getting done, is it told, is anything stuck. */
export const FLEET: Dashboard = {
  uid: "granary-fleet",
  title: "Granary / Fleet",
  description: "Whether work gets done, is told, or is stuck, over all services and providers.",
  rows: [
    {
      title: "Now",
      panels: [
        number({
          title: "Requests open",
          description: "Requests that were accepted and have not ended.",
          unit: "short",
          queries: [{ expr: 'sum(max by (state) (granary_requests{state!="ended"}))', legend: "open" }],
        }),
        number({
          title: "Jobs running",
          description: "Tasks whose provider job runs.",
          unit: "short",
          queries: [{ expr: 'sum(max by (provider) (granary_tasks{state="running"}))', legend: "running" }],
        }),
        number({
          title: "Alerts",
          description: "Alerts of Granary that fire. The red marks in the graphs say since when.",
          unit: "short",
          thresholds: { orange: 1, red: 3 },
          queries: [
            {
              expr: 'count(ALERTS{alertname=~"Granary.+",alertstate="firing"}) or vector(0)',
              legend: "firing",
            },
          ],
        }),
        number({
          title: "Dead letters",
          description: "Messages that nobody could read and that were not sent again: granary dlq list.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [{ expr: "max(granary_dead_letters)", legend: "letters" }],
        }),
        number({
          title: "Poison",
          description: "Documents that failed their workers five times in a row or more: granary doctor.",
          unit: "short",
          thresholds: { orange: 1 },
          queries: [{ expr: "sum(max by (kind) (granary_poison_documents))", legend: "documents" }],
        }),
        number({
          title: "Replicas",
          description: "Processes of each service that tell of themselves.",
          unit: "short",
          queries: [{ expr: "count by (service) (granary_build_info)", legend: "{{service}}" }],
        }),
      ],
    },
    {
      title: "Objectives",
      panels: [
        graph({
          title: "Burn rate, one hour",
          description:
            "How many times faster than allowed each objective's error budget is used up. At 1 it lasts just as long as it should.",
          unit: "short",
          width: 12,
          thresholds: { orange: 1, red: 14.4 },
          queries: [
            {
              expr: "granary:slo_errors:ratio_rate1h / on (slo) group_left () (1 - granary:slo_objective:ratio)",
              legend: "{{slo}} {{provider}}",
            },
          ],
        }),
        graph({
          title: "What went badly, three days",
          description: "The share of what counts for each objective that went badly in three days.",
          unit: "percentunit",
          width: 12,
          queries: [{ expr: "granary:slo_errors:ratio_rate3d", legend: "{{slo}} {{provider}}" }],
        }),
      ],
    },
    {
      title: "Work",
      panels: [
        graph({
          title: "Tasks by state",
          description:
            "Tasks that have not ended. Planned ones wait for their turn, running ones for the provider.",
          unit: "short",
          stacked: true,
          queries: [
            {
              expr: 'sum by (state) (max by (provider, state) (granary_tasks{state!="ended"}))',
              legend: "{{state}}",
            },
          ],
        }),
        graph({
          title: "Oldest task of a state",
          description:
            "How long the oldest task of each state is in it. Only planned and running may take hours.",
          unit: "s",
          queries: [
            {
              expr: 'max by (state) (granary_oldest_in_state_seconds{state!="ended"})',
              legend: "{{state}}",
            },
          ],
        }),
        graph({
          title: "Lines decided",
          description: "Lines of provider jobs that were decided about, by what became of them.",
          unit: "ops",
          stacked: true,
          queries: [
            { expr: "sum by (outcome) (rate(granary_lines_total[$__rate_interval]))", legend: "{{outcome}}" },
          ],
        }),
        graph({
          title: "From acceptance to end",
          description: "How long requests took that ended in the last hour.",
          unit: "s",
          queries: quantiles("granary_end_to_end_seconds", { by: "provider", window: "1h" }),
        }),
        graph({
          title: "Overdue",
          description: "How long the oldest document is due that nobody has taken up, by whose turn it is.",
          unit: "s",
          thresholds: { red: 900 },
          queries: [{ expr: "max by (role) (granary_oldest_overdue_seconds)", legend: "{{role}}" }],
        }),
        graph({
          title: "Facts that wait",
          description: "Age of the oldest fact that the bus does not have yet.",
          unit: "s",
          thresholds: { orange: 10, red: 120 },
          queries: [{ expr: "max(granary_outbox_oldest_unpublished_seconds)", legend: "oldest" }],
        }),
      ],
    },
    {
      title: "Platform",
      panels: [
        graph({
          title: "Store and NATS",
          width: 6,
          description: "1 while every replica of a service reaches them.",
          unit: "bool_on_off",
          queries: [
            { expr: "min by (service) (granary_store_up)", legend: "store, {{service}}" },
            { expr: "min by (service) (granary_nats_connected)", legend: "NATS, {{service}}" },
          ],
        }),
        graph({
          title: "Calls to the store",
          width: 6,
          description: "The slowest hundredth of calls to the store, over all services.",
          unit: "s",
          queries: [
            {
              expr: "histogram_quantile(0.99, sum by (le) (rate(granary_store_command_duration_seconds_bucket[$__rate_interval])))",
              legend: "p99",
            },
          ],
        }),
        graph({
          title: "Failed calls to the store",
          width: 6,
          description: "Every one of them is tried again; while the store is away all of them fail.",
          unit: "ops",
          queries: [
            {
              expr: "sum by (service) (rate(granary_store_failures_total[$__rate_interval]))",
              legend: "{{service}}",
            },
          ],
        }),
        graph({
          title: "Room on the disks",
          width: 6,
          description: "The share of each disk that is free, the lowest of all replicas.",
          unit: "percentunit",
          queries: [
            {
              expr: "min by (disk) (granary_disk_available_bytes / granary_disk_size_bytes)",
              legend: "{{disk}}",
            },
          ],
        }),
      ],
    },
  ],
};
