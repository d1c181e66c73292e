import { COMMAND_TYPES, FACT_TYPES } from "@granary/domain";
import type { Instruments } from "./instruments.ts";
import { CALL_SECONDS } from "./instruments.ts";
import { STEP_OUTCOMES } from "../loopObserver.ts";
import { COMMAND_OUTCOMES, DEAD_REASONS, KINDS } from "./labels.ts";
import { STORE_OPERATIONS } from "./storeOperations.ts";

export type ProcessMetrics = ReturnType<typeof processMetrics>;

/** What is counted of one process: its loops, its store and its bus. */
export function processMetrics({ counter, histogram, gauge }: Instruments, service: string) {
  const own = { service: [service] };
  return {
    leasesLost: counter(
      {
        name: "granary_lease_lost_total",
        help: "Steps that ended because another process took the document",
      },
      own,
    ),
    steps: counter(
      { name: "granary_steps_total", help: "Steps of the due loop that came to an end" },
      { ...own, outcome: STEP_OUTCOMES },
    ),
    claims: counter(
      { name: "granary_claims_total", help: "Documents that the due loop took in hand" },
      { ...own, kind: KINDS },
    ),
    storeDuration: histogram(
      {
        name: "granary_store_command_duration_seconds",
        help: "Length of calls to the store, the failed ones included",
        buckets: CALL_SECONDS,
      },
      { op: STORE_OPERATIONS },
    ),
    storeFailures: counter(
      { name: "granary_store_failures_total", help: "Calls to the store that failed" },
      own,
    ),
    commands: counter(
      { name: "granary_events_consumed_total", help: "Commands taken from the bus, by what came of them" },
      { ...own, type: COMMAND_TYPES, outcome: COMMAND_OUTCOMES },
    ),
    commandDuration: histogram(
      {
        name: "granary_event_handler_duration_seconds",
        help: "How long a batch with commands of this type was handled",
        buckets: CALL_SECONDS,
      },
      { ...own, type: COMMAND_TYPES },
    ),
    deadLetters: counter(
      { name: "granary_dead_letters_total", help: "Messages that could never be handled" },
      { ...own, reason: DEAD_REASONS },
    ),
    facts: counter(
      { name: "granary_facts_relayed_total", help: "Facts that the bus has taken" },
      { ...own, type: FACT_TYPES },
    ),
    natsConnected: gauge({ name: "granary_nats_connected", help: "1 while the connection to NATS stands" }, [
      "service",
    ]),
    natsReconnects: counter(
      { name: "granary_nats_reconnects_total", help: "Connections to NATS that came back" },
      own,
    ),
  };
}
