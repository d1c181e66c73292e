import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openDistributedSite } from "../distributed/distributedSite.ts";
import { itemsOf } from "../e2e/mixedRequests.ts";
import type { Rig } from "../e2e/rig.ts";
import { ROOT } from "../e2e/rig.ts";
import type { RaceReport } from "./raceReport.ts";
import type { FleetMember } from "./replicaFleet.ts";
import { ROLES, startFleet, stopFleet } from "./replicaFleet.ts";

const PRELOAD = pathToFileURL(join(ROOT, "test/src/races/skewedClock.ts")).href;
const SKEW_MS = 600_000;
const PACE = { validatingMs: 50, jobMs: 400, lineMs: 1, finalizingMs: 50, cancellingMs: 100, jitter: 0 };
/** What nobody is to need: a document that waits for a clock to catch up waits ten minutes. */
const SETTLE_MS = 90_000;

/** Two replicas of each service, one of them ten minutes fast and one ten minutes slow, on a database with its own clock. */
export async function runSkewedRace(rig: Rig): Promise<RaceReport> {
  const site = await openDistributedSite(rig, {
    store: "mongo",
    servicesLater: true,
    scenario: {
      seed: 1,
      pace: PACE,
      faults: [
        { on: "create", what: "response_lost", nth: 1 },
        { on: "create", what: "reset", nth: 2 },
        { on: "create", what: "rate_limited", nth: 4, retryAfterMs: 300 },
      ],
      lines: [{ contains: "unlucky", answer: "error_500", times: 1 }],
    },
    env: { GRANARY_LOG_LEVEL: "warn" },
  });
  const fleet = await startFleet(
    site,
    ROLES.flatMap((service) => [skewed(service, SKEW_MS), skewed(service, -SKEW_MS)]),
  );
  const startedAt = performance.now();
  const models = [
    { provider: "openai", model: "gpt-4o-mini" },
    { provider: "gemini", model: "gemini-2.5-flash" },
    { provider: "anthropic", model: "claude-haiku-4-5" },
  ];
  for (const named of models)
    for (const text of ["Say something", "Say something unlucky"])
      await site.caller.submit({
        requestId: `${named.provider}-${text.length}`,
        ...named,
        items: itemsOf(4, text),
      });
  // Accepted by a clock that is wrong, and not to be cut by another one before its time.
  await site.caller.submit({ requestId: "in-time", items: itemsOf(2), deadline: "4m" });
  await site.settles(SETTLE_MS);
  const ms = Math.round(performance.now() - startedAt);
  const faults: string[] = [];
  for (const { requestId, result } of await site.store.requests({}, { limit: 100 }))
    if (result !== "succeeded") faults.push(`${requestId} ended ${result}`);
  faults.push(...(await stopFleet(fleet)));
  const proof = await site.prove();
  return { proof, faults, seen: `clocks twenty minutes apart: all succeeded in ${ms} ms` };
}

function skewed(service: FleetMember["service"], skewMs: number): FleetMember {
  return {
    service,
    env: { NODE_OPTIONS: `--import=${PRELOAD}`, GRANARY_TEST_SKEW_MS: String(skewMs) },
  };
}
