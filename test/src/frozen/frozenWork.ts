import type { ScenarioInput } from "@granary/simulator";
import type { CrashProvider } from "../crash/crashPoint.ts";
import { submitOrder } from "../crash/orders.ts";
import type { Situation } from "../crash/situations.ts";
import { itemsOf } from "../e2e/mixedRequests.ts";

const MODELS: Readonly<Record<CrashProvider, string>> = {
  openai: "gpt-4o-mini",
  gemini: "gemini-2.5-flash",
  anthropic: "claude-haiku-4-5",
};
const PACE = { validatingMs: 50, jobMs: 300, lineMs: 1, finalizingMs: 50, cancellingMs: 100, jitter: 0 };
/** Long enough for a job to be seen at work, on a slow machine too. */
const LONG_MS = 4_000;
/** Gemini takes up to a hundred lines in a create's own body. */
const IN_FILE = 105;

/** How the lines of a job travel. */
export type Travel = "file" | "body";

/** One request, one job. */
export function oneJob(provider: CrashProvider, travel: Travel = "file"): Situation {
  return work(provider, provider === "gemini" && travel === "file" ? IN_FILE : 12, {});
}

/** One request whose job is at work for some passes. */
export function longJob(provider: CrashProvider): Situation {
  return work(provider, 12, { pace: { ...PACE, jobMs: LONG_MS } });
}

/** One request, and nobody hears of its first create. */
export function lostJob(provider: CrashProvider): Situation {
  return work(provider, 12, {
    pace: { ...PACE, jobMs: LONG_MS },
    faults: [
      { on: "create", what: "response_lost", nth: 1 },
      { on: "job", what: "list_lag", ms: LONG_MS / 2 },
    ],
  });
}

/** One request whose lines all fail once, so that its verdicts have children. */
export function unluckyJob(provider: CrashProvider): Situation {
  return work(provider, 12, { lines: [{ contains: "something", answer: "error_500", times: 1 }] });
}

function work(provider: CrashProvider, count: number, scenario: ScenarioInput): Situation {
  return {
    scenario: { pace: PACE, ...scenario },
    orders: [submitOrder({ requestId: "frozen", provider, model: MODELS[provider], items: itemsOf(count) })],
  };
}
