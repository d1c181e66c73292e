import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { withoutNats } from "../src/distributed/eachStore.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";
import { runSoak, SOAK_ENV } from "../src/soak/runSoak.ts";
import { GOOD_DAY } from "../src/soak/scenarios.ts";

const FOR_MS = 60_000;

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.skipIf(withoutNats)(
  "a minute of load on three providers, with random faults and blows on random processes, ends clean",
  async () => {
    // As far as processes allow, a failing run is repeated by: npm run soak -- --seed …
    console.log(`soak: seed ${seed}`);
    const site = await siteOfTest({ store: "sqlite", scenario: GOOD_DAY, env: SOAK_ENV });
    const report = await runSoak(site, { forMs: FOR_MS, seed, few: true });
    console.log(`soak: ${JSON.stringify(report)}`);
    expect(report.proof).toEqual(CLEAN);
    // Or nothing was proved.
    expect(report.requests).toBeGreaterThan(20);
    expect(Object.values(report.blows).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(10);
  },
  600_000,
);
