import { join } from "node:path";
import { databaseHint, demanded, findDatabases } from "@granary/servers";
import { describe, expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { withoutNats } from "../src/distributed/eachStore.ts";
import { ROOT } from "../src/e2e/rig.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { endsByItself, openNewerStore } from "../src/races/newerStore.ts";
import { firstOfSchema, missingCommit, OLDEST, openOlderCheckout } from "../src/races/olderCheckout.ts";
import { runReplicasRace } from "../src/races/replicasRace.ts";
import { runSkewedRace } from "../src/races/skewedRace.ts";
import { runVersionRace } from "../src/races/versionRace.ts";

const RACE_MS = 400_000;

const { MONGODB_URI: _given, ...environment } = process.env;
const databases = await findDatabases({ environment });
const carrying = databases.found.filter(({ kind }) => kind !== "given" && kind !== "ferretdb");
const noDatabase = carrying.length > 0 ? null : databaseHint(databases);
if (noDatabase !== null) console.warn(`SKIPPED, clocks that differ: ${noDatabase}`);
const noOlder = await missingCommit(OLDEST);
const sameSchema = await firstOfSchema();
const older = [OLDEST, ...(sameSchema === null ? [] : [sameSchema])];
if (noOlder !== null) console.warn(`SKIPPED, an older version beside today's: ${noOlder}`);

describe.skipIf(withoutNats)("replicas that race each other", () => {
  test(
    "five of every service, some of them killed, do nothing twice",
    async () => {
      const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
      // A failing run is drawn again with this seed: SEED=… vitest run races.
      console.log(`seed ${seed}`);
      const report = await runReplicasRace(await rigOfTest(), { replicas: 5, kills: 5, seed });
      console.log(report.seen);
      expect({ faults: report.faults, proof: report.proof }).toEqual({ faults: [], proof: CLEAN });
    },
    RACE_MS,
  );

  test.skipIf(noDatabase !== null && !demanded("database"))(
    "with clocks ten minutes fast and ten minutes slow, they work on the store's time: nothing waits, nothing is cut",
    async () => {
      const report = await runSkewedRace(await rigOfTest());
      console.log(report.seen);
      expect({ faults: report.faults, proof: report.proof }).toEqual({ faults: [], proof: CLEAN });
    },
    RACE_MS,
  );

  test.skipIf(noOlder !== null).each(older)(
    "an older version (%s) and today's work off what the other has begun, side by side where their schema is the same",
    async (commit) => {
      await using checkout = await openOlderCheckout(commit);
      const report = await runVersionRace(await rigOfTest(), checkout, commit);
      console.log(report.seen);
      expect({ faults: report.faults, proof: report.proof }).toEqual({ faults: [], proof: CLEAN });
    },
    RACE_MS,
  );

  test.each(["submitter", "monitor", "harvester"] as const)(
    "a %s refuses a store that a newer version has migrated, and says what to do",
    async (service) => {
      const rig = await rigOfTest();
      const { env, version } = await openNewerStore(rig);
      const main = join(ROOT, "services", service, "src/main.ts");
      const { code, stdout, stderr } = await endsByItself(
        rig.node([main], { env: { ...env, GRANARY_HTTP_HOST: "127.0.0.1", GRANARY_HTTP_PORT: "0" } }),
      );
      const told = `${stdout}${stderr}`;
      expect(code).toBe(1);
      expect(told).toContain(
        `has schema version ${version}, this program knows versions up to ${version - 1}`,
      );
      expect(told).toContain("start the newer version of Granary that wrote it");
    },
    RACE_MS,
  );
});
