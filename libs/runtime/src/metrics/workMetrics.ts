import type { Instruments } from "./instruments.ts";
import { END_TO_END_SECONDS, STAY_SECONDS } from "./instruments.ts";
import type { ModelLabels } from "./modelLabels.ts";
import { moneyMetrics } from "./moneyMetrics.ts";
import {
  CONFLICTS,
  FILE_REMOVALS,
  LINE_OUTCOMES,
  REQUEST_RESULTS,
  SUBMISSIONS,
  TASK_TRANSITIONS,
  TIMED_STATES,
  TOKEN_DIRECTIONS,
} from "./labels.ts";

export type WorkMetrics = ReturnType<typeof workMetrics>;

/** What is counted of the work itself, all of it derived from what is written into the store. */
export function workMetrics(
  make: Instruments,
  service: string,
  providers: readonly string[],
  labelOf: ModelLabels,
) {
  const { counter, histogram } = make;
  const transitions = counter(
    { name: "granary_transitions_total", help: "Changes of a task's state that this process wrote" },
    { service: [], from: [], to: [] },
  );
  for (const [from, to] of TASK_TRANSITIONS) transitions.inc({ service, from, to }, 0);
  return {
    transitions,
    money: moneyMetrics(make, providers, labelOf),
    conflicts: counter(
      {
        name: "granary_transition_conflicts_total",
        help: "Writes that found the document other than it was read, and wrote nothing",
      },
      { service: [service], reason: CONFLICTS },
    ),
    submissions: counter(
      { name: "granary_submissions_total", help: "Creates of provider jobs, by what became of them" },
      { provider: providers, outcome: SUBMISSIONS },
    ),
    duplicates: counter(
      {
        name: "granary_duplicate_provider_jobs_total",
        help: "Second provider jobs for the same work: each is paid twice until it is cancelled",
      },
      { provider: providers },
    ),
    lines: counter(
      { name: "granary_lines_total", help: "Lines of provider jobs that were decided about" },
      { provider: providers, outcome: LINE_OUTCOMES },
    ),
    tokens: counter(
      { name: "granary_tokens_total", help: "Tokens that the provider reported; cached ones are input, too" },
      { provider: providers, direction: TOKEN_DIRECTIONS },
    ),
    fileRemovals: counter(
      {
        name: "granary_provider_file_removals_total",
        help: "Ended tasks whose files at the provider were removed, or left there; failed ones are tried again",
      },
      { provider: providers, outcome: FILE_REMOVALS },
    ),
    stateDuration: histogram(
      {
        name: "granary_state_duration_seconds",
        help: "How long a task was planned before its first create, running until the provider ended it, and from there to its own end (harvesting)",
        buckets: STAY_SECONDS,
      },
      { provider: providers, state: TIMED_STATES },
    ),
    endToEnd: histogram(
      {
        name: "granary_end_to_end_seconds",
        help: "From the acceptance of a request to its end",
        buckets: END_TO_END_SECONDS,
      },
      { provider: providers, result: REQUEST_RESULTS },
    ),
  };
}
