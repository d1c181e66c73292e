import { OTHER_DRIFT } from "@granary/domain";
import type { Instruments } from "./instruments.ts";
import { CALL_SECONDS, STAY_SECONDS } from "./instruments.ts";
import { CALL_OUTCOMES, DOWNLOADS, DRIFT_OBJECTS, OPERATIONS, POLL_MODES } from "./labels.ts";

export type ProviderMetrics = ReturnType<typeof providerMetrics>;

/** What is counted of calls to providers. */
export function providerMetrics(make: Instruments, providers: readonly string[]) {
  const { counter, histogram } = make;
  return {
    requests: counter(
      {
        name: "granary_provider_requests_total",
        help: "Calls to the provider, by what came of them; calls that we broke off ourselves are left out",
      },
      { provider: providers, operation: OPERATIONS, outcome: CALL_OUTCOMES },
    ),
    duration: histogram(
      {
        name: "granary_provider_request_duration_seconds",
        help: "Length of calls to the provider; of a download, until its first byte",
        buckets: CALL_SECONDS,
      },
      { provider: providers, operation: OPERATIONS },
    ),
    rateLimitWait: histogram(
      {
        name: "granary_rate_limit_wait_seconds",
        help: "How long the provider told us to wait, where it said that it was too much",
        buckets: STAY_SECONDS,
      },
      { provider: providers, operation: OPERATIONS },
    ),
    polls: counter(
      { name: "granary_polls_total", help: "Looks at jobs: by themselves, or a page of the list at a time" },
      { provider: providers, mode: POLL_MODES, outcome: CALL_OUTCOMES },
    ),
    drift: schemaDriftCounter(make, providers),
    downloads: counter(
      { name: "granary_downloads_total", help: "Downloads of result files that came to an end" },
      { provider: providers, outcome: DOWNLOADS },
    ),
    downloadBytes: counter(
      { name: "granary_download_bytes_total", help: "Bytes of result files that arrived" },
      { provider: providers },
    ),
  };
}

/**
 * The only labels that are not known beforehand: at most DRIFT_NAMES of them by provider and object, and what comes
 * after those counts as OTHER_DRIFT, which is there from the start.
 */
function schemaDriftCounter({ counter }: Instruments, providers: readonly string[]) {
  return counter(
    {
      name: "granary_schema_drift_total",
      help: "Sightings of fields and statuses in a provider's answers that this program does not know, and of lines that cannot be read; lines are sampled",
    },
    { provider: providers, object: DRIFT_OBJECTS, field: [OTHER_DRIFT] },
  );
}
