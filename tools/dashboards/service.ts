import type { Dashboard, Panel, Row } from "./panel.ts";
import { graph, quantiles } from "./panel.ts";

/** A service's own panels above those that every service has. */
export function serviceDashboard(service: string, description: string, own: readonly Panel[]): Dashboard {
  const name = service.charAt(0).toUpperCase() + service.slice(1);
  return {
    uid: `granary-${service}`,
    title: `Granary / ${name}`,
    description,
    rows: [{ title: name, panels: own }, ...everyService(service)],
  };
}

function everyService(service: string): readonly Row[] {
  const of = `service="${service}"`;
  /** The runtime's own metrics do not name the service: it is found by the replica. */
  const replicas = `* on (instance) group_left () (granary_build_info{${of}})`;
  return [
    {
      title: "Its loops",
      panels: [
        graph({
          title: "Steps",
          description:
            "Steps of the due loop, by how they ended. Failed ones are tried again, ever more seldom.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (outcome) (rate(granary_steps_total{${of}}[$__rate_interval]))`,
              legend: "{{outcome}}",
            },
          ],
        }),
        graph({
          title: "Documents taken in hand",
          description: "Claims of the due loop, by kind.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (kind) (rate(granary_claims_total{${of}}[$__rate_interval]))`,
              legend: "{{kind}}",
            },
          ],
        }),
        graph({
          title: "Overdue",
          description: "Documents that are due for this service and that nobody has taken up.",
          unit: "short",
          queries: [
            {
              expr: `max by (provider, kind) (granary_overdue{role="${service}"})`,
              legend: "{{provider}} {{kind}}",
            },
          ],
        }),
        graph({
          title: "Changes of state",
          description: "Changes of tasks' states that this service wrote.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (from, to) (rate(granary_transitions_total{${of}}[$__rate_interval]))`,
              legend: "{{from}} → {{to}}",
            },
          ],
        }),
        graph({
          title: "Writes that found something else",
          description:
            "They wrote nothing, and were decided again. Many of them mean replicas in each other's way.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (reason) (rate(granary_transition_conflicts_total{${of}}[$__rate_interval]))`,
              legend: "{{reason}}",
            },
            { expr: `sum(rate(granary_lease_lost_total{${of}}[$__rate_interval]))`, legend: "leases lost" },
          ],
        }),
        graph({
          title: "Facts told",
          description: "Facts that this service's relay has brought to the bus.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (type) (rate(granary_facts_relayed_total{${of}}[$__rate_interval]))`,
              legend: "{{type}}",
            },
          ],
        }),
      ],
    },
    {
      title: "Its processes",
      panels: [
        graph({
          title: "CPU",
          description: "CPU seconds a second, by replica.",
          unit: "short",
          queries: [
            {
              expr: `rate(process_cpu_seconds_total[$__rate_interval]) ${replicas}`,
              legend: "{{instance}}",
            },
          ],
        }),
        graph({
          title: "Memory",
          description: "Resident memory, by replica. It does not grow with the work.",
          unit: "bytes",
          queries: [{ expr: `process_resident_memory_bytes ${replicas}`, legend: "{{instance}}" }],
        }),
        graph({
          title: "Event loop",
          description: "The slowest hundredth of turns of the event loop, by replica.",
          unit: "s",
          thresholds: { orange: 1 },
          queries: [{ expr: `nodejs_eventloop_lag_p99_seconds ${replicas}`, legend: "{{instance}}" }],
        }),
      ],
    },
  ];
}

/** Accepts commands, packs, admits, creates. */
export const SUBMITTER: Dashboard = serviceDashboard(
  "submitter",
  "Commands, and the way of their items into provider jobs.",
  [
    graph({
      title: "Commands",
      description: "Commands taken from the bus, by what came of them. Retried ones come again.",
      unit: "ops",
      queries: [
        {
          expr: 'sum by (type, outcome) (rate(granary_events_consumed_total{service="submitter"}[$__rate_interval]))',
          legend: "{{type}} {{outcome}}",
        },
      ],
    }),
    graph({
      title: "Length of a batch of commands",
      description: "How long batches were handled, by the commands in them.",
      unit: "s",
      queries: quantiles("granary_event_handler_duration_seconds", {
        by: "type",
        matchers: '{service="submitter"}',
        window: "5m",
      }),
    }),
    graph({
      title: "Dead letters",
      description: "Messages that could never be commands, a quarter of an hour.",
      unit: "short",
      thresholds: { orange: 1 },
      queries: [
        {
          expr: 'sum by (reason) (increase(granary_dead_letters_total{service="submitter"}[15m]))',
          legend: "{{reason}}",
        },
      ],
    }),
    graph({
      title: "Waiting to be created",
      description: "Tasks that are being packed, wait for their turn, or are being submitted.",
      unit: "short",
      stacked: true,
      queries: [
        {
          expr: 'sum by (state) (max by (provider, state) (granary_tasks{state=~"packing|planned|submitting|unknown"}))',
          legend: "{{state}}",
        },
      ],
    }),
    graph({
      title: "Waited for the first create",
      description: "How long tasks were planned before it, of the last hour.",
      unit: "s",
      queries: quantiles("granary_state_duration_seconds", {
        by: "provider",
        matchers: '{state="planned"}',
        window: "1h",
      }),
    }),
    graph({
      title: "Uploads and creates",
      description: "Calls of this kind, by what came of them.",
      unit: "ops",
      queries: [
        {
          expr: 'sum by (operation, outcome) (rate(granary_provider_requests_total{operation=~"upload|create"}[$__rate_interval]))',
          legend: "{{operation}} {{outcome}}",
        },
      ],
    }),
  ],
);

/** Watches jobs. */
export const MONITOR: Dashboard = serviceDashboard(
  "monitor",
  "Looks at jobs, lost creates, deadlines and cancellations.",
  [
    graph({
      title: "Looks at jobs",
      description: "By themselves, or a page of the list at a time, by what came of them.",
      unit: "ops",
      queries: [
        {
          expr: "sum by (mode, outcome) (rate(granary_polls_total[$__rate_interval]))",
          legend: "{{mode}} {{outcome}}",
        },
      ],
    }),
    graph({
      title: "Looked at late",
      description: "How long the oldest task is due whose job is to be looked at.",
      unit: "s",
      thresholds: { orange: 600, red: 900 },
      queries: [{ expr: "max by (provider) (granary_oldest_overdue_poll_seconds)", legend: "{{provider}}" }],
    }),
    graph({
      title: "Late looks",
      description: "How many of these there are.",
      unit: "short",
      queries: [{ expr: "max by (provider) (granary_polls_overdue)", legend: "{{provider}}" }],
    }),
    graph({
      title: "Running",
      description: "How long tasks ran until the provider ended them, of the last hour.",
      unit: "s",
      queries: quantiles("granary_state_duration_seconds", {
        by: "provider",
        matchers: '{state="running"}',
        window: "1h",
      }),
    }),
    graph({
      title: "Lost and found",
      description: "Creates without an answer, and jobs with our tag and no task.",
      unit: "short",
      queries: [
        { expr: "max by (provider) (granary_create_unknown)", legend: "{{provider}} unknown" },
        { expr: "max by (provider) (granary_orphan_provider_jobs)", legend: "{{provider}} orphans" },
      ],
    }),
    graph({
      title: "Cancellations",
      description: "Calls that cancel a job: deadlines, time-outs, and second jobs for the same work.",
      unit: "ops",
      queries: [
        {
          expr: 'sum by (provider, outcome) (rate(granary_provider_requests_total{operation="cancel"}[$__rate_interval]))',
          legend: "{{provider}} {{outcome}}",
        },
      ],
    }),
  ],
);

/** Downloads, decides, settles. */
export const HARVESTER: Dashboard = serviceDashboard(
  "harvester",
  "Downloads, verdicts, and the ends of requests.",
  [
    graph({
      title: "Downloads",
      description: "Downloads that came to an end. Truncated ones are fetched again.",
      unit: "ops",
      queries: [
        {
          expr: "sum by (provider, outcome) (rate(granary_downloads_total[$__rate_interval]))",
          legend: "{{provider}} {{outcome}}",
        },
      ],
    }),
    graph({
      title: "Bytes",
      description: "Bytes of result files that arrived.",
      unit: "Bps",
      queries: [
        {
          expr: "sum by (provider) (rate(granary_download_bytes_total[$__rate_interval]))",
          legend: "{{provider}}",
        },
      ],
    }),
    graph({
      title: "From the provider's end to ours",
      description:
        "How long it took until everything of a task was settled, of the last hour. The objective is half an hour.",
      unit: "s",
      thresholds: { red: 1800 },
      queries: quantiles("granary_state_duration_seconds", {
        by: "provider",
        matchers: '{state="harvesting"}',
        window: "1h",
      }),
    }),
    graph({
      title: "Lines",
      description:
        "What became of lines. Retried ones travel again; duplicate, foreign and detached ones are nobody's.",
      unit: "ops",
      stacked: true,
      queries: [
        {
          expr: "sum by (outcome) (rate(granary_lines_total[$__rate_interval]))",
          legend: "{{outcome}}",
        },
      ],
    }),
    graph({
      title: "Requests by state",
      description: "Requests that have not ended.",
      unit: "short",
      stacked: true,
      queries: [{ expr: 'max by (state) (granary_requests{state!="ended"})', legend: "{{state}}" }],
    }),
    graph({
      title: "Requests ended",
      description: "By their result, an hour.",
      unit: "short",
      queries: [
        {
          expr: "sum by (result) (increase(granary_end_to_end_seconds_count[1h]))",
          legend: "{{result}}",
        },
      ],
    }),
  ],
);
