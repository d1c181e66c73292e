import { providers } from "@granary/simulator";
import type { Fault, Provider, RequestFault } from "@granary/simulator";
import type { FaultCase, FaultInput } from "./faultCase.ts";

type Call = RequestFault["on"];
type What = RequestFault["what"];

/** Anthropic takes its requests in the create itself, and keeps no files that could be removed. */
const WITH_FILES: readonly Provider[] = ["openai", "gemini"];

const CALLS: Readonly<Record<Call, readonly Provider[]>> = {
  create: providers,
  list: providers,
  get: providers,
  download: providers,
  upload: WITH_FILES,
  cancel: providers,
  delete: WITH_FILES,
};

/** A create that never arrives costs a quiet period, and another one after it is revoked: once is enough. */
const times = (on: Call): number => (on === "create" ? 1 : 2);

/** What is written of each fault beside its name and its call; whatever the schema gains has to be told here. */
const PARAMETERS: Readonly<Record<What, object>> = {
  rate_limited: { retryAfterMs: 300 },
  quota_exhausted: {},
  server_error: { status: 503 },
  unauthorized: {},
  forbidden: {},
  not_found: {},
  reset: {},
  held: { delayMs: 700 },
  late: { delayMs: 700 },
  response_lost: {},
  error_after: { status: 500 },
  truncated: { share: 0.5 },
  stalled: { share: 0.5, stallMs: 800 },
  altered: {},
  short_lived: { ms: 400 },
};

/** Faults of one call only. */
const ONE_CALL: Readonly<Partial<Record<What, Call>>> = {
  truncated: "download",
  stalled: "download",
  altered: "download",
  short_lived: "upload",
};

/** A job is asked for by itself only where the list does not show it. */
const UNLISTED: FaultInput = { on: "job", what: "list_lag", ms: 2_500 };

/** A case for every fault of every call that it can strike. */
export function callCases(): readonly FaultCase[] {
  const whats = Object.keys(PARAMETERS) as readonly What[];
  return whats.flatMap((what) =>
    (Object.keys(CALLS) as readonly Call[])
      .filter((on) => (ONE_CALL[what] ?? on) === on)
      .map((on) => caseOf(on, what)),
  );
}

function caseOf(on: Call, what: What): FaultCase {
  const first = { on, what, nth: 1, times: times(on), ...PARAMETERS[what] } as FaultInput;
  return {
    name: `${on} ${what}`,
    covers: [`${on} ${what}`],
    providers: CALLS[on],
    faults: [first, ...(on === "get" ? [UNLISTED] : []), ...besides(what)],
    ...(on === "cancel" ? { cancels: true, ends: ["cancelled"] } : {}),
    ...(on === "create" && what === "not_found" ? { ends: ["failed job_rejected"] } : {}),
  };
}

/** The file expires while it waits: its create is put off for longer than it lives. */
function besides(what: Fault["what"]): readonly FaultInput[] {
  return what === "short_lived" ? [{ on: "create", what: "rate_limited", nth: 1, retryAfterMs: 1_000 }] : [];
}
