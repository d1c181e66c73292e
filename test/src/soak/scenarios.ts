import type { ScenarioInput } from "@granary/simulator";
import { BAD_DAY } from "../e2e/mixedRequests.ts";

const PACE = { validatingMs: 100, jobMs: 900, lineMs: 1, finalizingMs: 100, jitter: 0.5 };

/** A provider that does what it should: what the quiet phase runs on. */
export const GOOD_DAY = { pace: PACE } as const satisfies ScenarioInput;

/** What the providers do in turn while the load is on. All of it has to come out well. */
export const MOODS: Readonly<Record<string, ScenarioInput>> = {
  "good day": GOOD_DAY,
  "bad day": { ...BAD_DAY, faults: [...BAD_DAY.faults] },
  "storm of 429": {
    pace: PACE,
    faults: (["create", "list", "get", "upload", "download"] as const).map((on) => ({
      on,
      what: "rate_limited",
      rate: 0.5,
      retryAfterMs: 500,
    })),
  },
  "storm of 5xx": {
    pace: PACE,
    faults: (["create", "list", "get", "upload", "download", "cancel"] as const).map((on) => ({
      on,
      what: "server_error",
      rate: 0.4,
    })),
  },
  "answers lost": {
    pace: PACE,
    faults: [
      { on: "create", what: "response_lost", rate: 0.5 },
      { on: "create", what: "error_after", rate: 0.2 },
      { on: "upload", what: "response_lost", rate: 0.3 },
      { on: "job", what: "list_lag", rate: 0.5, ms: 1_500 },
    ],
  },
  "broken downloads": {
    pace: PACE,
    faults: [
      { on: "download", what: "truncated", rate: 0.5 },
      { on: "download", what: "reset", rate: 0.2 },
      { on: "job", what: "results_lag", rate: 0.3, ms: 800 },
      { on: "job", what: "late_output_file", rate: 0.5, ms: 800 },
    ],
  },
  "jobs that end half done": {
    pace: PACE,
    rates: { error_500: 0.1, refusal: 0.05 },
    faults: [
      { on: "job", what: "expire", rate: 0.4, share: 0.5 },
      { on: "job", what: "out_of_order", rate: 1 },
    ],
  },
  "key refused": {
    pace: PACE,
    faults: (["create", "list", "get"] as const).map((on) => ({ on, what: "unauthorized", rate: 0.6 })),
  },
};
