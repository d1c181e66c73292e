import type { Scenario, ScenarioInput } from "@granary/simulator";
import { itemsOf } from "../e2e/mixedRequests.ts";
import { SOURCE } from "../e2e/site.ts";
import type { CrashProvider } from "./crashPoint.ts";
import type { Order } from "./orders.ts";
import { cancelOrder, submitOrder } from "./orders.ts";

/** What a provider does, what is asked of Granary, and what it is told beside. */
export interface Situation {
  readonly scenario: ScenarioInput;
  readonly orders: readonly Order[];
  /** Beside the provider's own, whose names begin with `GRANARY_<PROVIDER>_`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** All of it is cut short. Otherwise everything succeeds that is not cancelled by an order. */
  readonly isCut?: true;
}

const MODELS: Readonly<Record<CrashProvider, string>> = {
  openai: "gpt-4o-mini",
  gemini: "gemini-2.5-flash",
  anthropic: "claude-haiku-4-5",
};

const PACE = { validatingMs: 50, jobMs: 300, lineMs: 1, finalizingMs: 50, cancellingMs: 100, jitter: 0 };
const LONG = { ...PACE, jobMs: 2_500 };
const ENDLESS = { ...PACE, jobMs: 600_000 };
/** Long answers: results that do not fit into a document. */
const LONG_ANSWERS = { minTokens: 600, maxTokens: 700 };
/** Gemini takes up to a hundred lines in a create's own body. */
const IN_FILE = 105;

type Make = (provider: CrashProvider) => Situation;

/** The work in which the points come by. Every job of it is small, and what is slow about it is the durations' doing. */
const SITUATIONS = {
  /** A large request, some that share a job, lines that fail once, a job that expires half done. */
  plain: (provider) => ({
    scenario: {
      pace: PACE,
      answers: LONG_ANSWERS,
      lines: [{ contains: "unlucky", answer: "error_500", times: 1 }],
      faults: [job({ what: "expire", nth: 2, share: 0.5 })],
    },
    orders: [
      large(provider, "large"),
      ...several(provider, "single", 8),
      own(provider, "unlucky", 10, "Say something unlucky about number"),
    ],
  }),
  /** Two that are refused: other content under a known id, and a priority that there is not. */
  refused: (provider) => ({
    scenario: { pace: PACE },
    orders: [
      large(provider, "large"),
      { command: { ...large(provider, "large", "Other").command, id: "submit-other" } },
      {
        ...submitOrder({ requestId: "hasty", ...named(provider), items: itemsOf(1), priority: 1_000 }),
        isRefused: true,
      },
      ...several(provider, "single", 4),
    ],
  }),
  /** Several tasks at once. */
  crowd: (provider) => ({
    scenario: { pace: PACE },
    orders: [1, 2, 3, 4].map((number) => own(provider, `own-${number}`, 6)),
  }),
  /** The answer of the first create is lost. */
  lost: (provider) => ({
    scenario: { pace: LONG, faults: [create({ what: "response_lost", nth: 1 })] },
    orders: [own(provider, "own", 12), ...several(provider, "single", 4)],
  }),
  /** The same, and the job runs on until it is held provisionally. */
  guessed: (provider) => ({
    scenario: {
      pace: { ...PACE, jobMs: 8_000 },
      faults: [create({ what: "response_lost", nth: 1 })],
    },
    orders: [own(provider, "own", 12)],
  }),
  /** The first creates never arrive, and nobody knows. */
  absent: (provider) => ({
    scenario: {
      pace: PACE,
      faults: [create({ what: "reset", nth: 1, times: provider === "anthropic" ? 1 : 2 })],
    },
    orders: [own(provider, "own", provider === "gemini" ? IN_FILE : 12), ...several(provider, "single", 4)],
  }),
  /** The first create is refused for a limit. */
  limited: (provider) => ({
    scenario: { pace: PACE, faults: [create({ what: "rate_limited", nth: 1, retryAfterMs: 300 })] },
    orders: [own(provider, "own", 12), ...several(provider, "single", 4)],
  }),
  /** A job fails as a whole, for a limit. */
  failed: (provider) => ({
    scenario: { pace: PACE, faults: [job({ what: "fail", nth: 1 })] },
    orders: [own(provider, "own", 12), ...several(provider, "single", 4)],
  }),
  /** Results are not there at once. */
  lagging: (provider) => ({
    scenario: { pace: PACE, faults: [job({ what: "results_lag", ms: 1_000 })] },
    orders: [own(provider, "own", 12)],
  }),
  /** A job that its own provider does not know for a moment. */
  unseen: (provider) => ({
    scenario: {
      pace: LONG,
      faults: [job({ what: "list_lag", ms: 2_000 }), job({ what: "get_lag", ms: 1_500 })],
    },
    orders: [own(provider, "own", 12)],
  }),
  /** A job that runs on for some polls, and a listing that fails. */
  unlisted: (provider) => ({
    scenario: { pace: LONG, faults: [{ on: "list", what: "server_error", nth: 2 }] },
    orders: [own(provider, "own", 12)],
  }),
  /** A request that is cancelled while it waits for others to share a job with: long enough on the slowest store. */
  young: (provider) => ({
    scenario: { pace: PACE },
    settings: { LINGER: "10s" },
    orders: [...several(provider, "single", 4), cancelOrder("single-1", SOURCE, "accepted")],
  }),
  /** Requests that are cancelled: alone in a job, and together with others in one. */
  cancelled: (provider) => ({
    scenario: { pace: { ...PACE, jobMs: 5_000 } },
    orders: [
      own(provider, "alone", 6),
      ...several(provider, "single", 4),
      cancelOrder("alone", ownSource("alone"), "running"),
      cancelOrder("single-1", SOURCE, "running"),
    ],
  }),
  /** Requests that are cancelled while their tasks wait for their turn. */
  waiting: (provider) => ({
    scenario: { pace: { ...PACE, jobMs: 4_000 } },
    settings: { MAX_JOBS: "1" },
    orders: [
      own(provider, "first", 6, undefined, { priority: 10 }),
      own(provider, "own", 6),
      ...several(provider, "single", 4),
      cancelOrder("own", ownSource("own"), "planned"),
      cancelOrder("single-1", SOURCE, "planned"),
    ],
  }),
  /** Jobs that would never end in time. */
  deadline: (provider) => ({
    isCut: true,
    scenario: { pace: ENDLESS },
    orders: [
      own(provider, "own", 6, undefined, { deadline: "4s" }),
      ...several(provider, "single", 3, { deadline: "4s" }),
    ],
  }),
  /** Jobs that would never end at all. */
  timeout: (provider) => ({
    isCut: true,
    scenario: { pace: ENDLESS },
    settings: { JOB_TIMEOUT: "3s" },
    orders: [own(provider, "own", 6, undefined, { retry: { maxAttempts: 1 } })],
  }),
} satisfies Readonly<Record<string, Make>>;

/** The name of a situation. */
export type SituationName = keyof typeof SITUATIONS;

/** A situation at a provider. */
export function situationOf(name: SituationName, provider: CrashProvider): Situation {
  return SITUATIONS[name](provider);
}

type JobFault = Scenario["faults"][number];

function job(fault: object): JobFault {
  return { on: "job", ...fault } as JobFault;
}

function create(fault: object): JobFault {
  return { on: "create", ...fault } as JobFault;
}

function named(provider: CrashProvider): { readonly provider: CrashProvider; readonly model: string } {
  return { provider, model: MODELS[provider] };
}

/** A request whose items are too many bytes for its document. */
function large(provider: CrashProvider, requestId: string, begin = "Say"): Order {
  const count = provider === "gemini" ? IN_FILE : 40;
  const text = `${begin} something ${"long ".repeat(80_000 / count / 5)} about number`;
  return submitOrder({ requestId, ...named(provider), items: itemsOf(count, text) });
}

/** A request that shares its job with nobody's. */
function own(
  provider: CrashProvider,
  requestId: string,
  count: number,
  text?: string,
  more: Readonly<Record<string, unknown>> = {},
): Order {
  return submitOrder({
    requestId,
    source: ownSource(requestId),
    ...named(provider),
    items: itemsOf(count, text),
    isolate: true,
    ...more,
  });
}

/** Requests that are to be isolated are parted by source. */
function ownSource(requestId: string): string {
  return `of-${requestId}`;
}

/** Requests of one item, which share a job. */
function several(
  provider: CrashProvider,
  name: string,
  count: number,
  more: Readonly<Record<string, unknown>> = {},
): readonly Order[] {
  return Array.from({ length: count }, (_, index) =>
    submitOrder({ requestId: `${name}-${index}`, ...named(provider), items: itemsOf(1), ...more }),
  );
}
