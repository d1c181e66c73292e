import { join } from "node:path";
import { expect, test } from "vitest";
import { BAD_DAY, mixedRequests } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { ROOT } from "../src/e2e/rig.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, stopped } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const ROLES = join(ROOT, "test/src/e2e/rolesMain.ts");

test("two processes that run all roles on one SQLite file do everything once", async () => {
  const rig = await rigOfTest();
  const scenario = { ...BAD_DAY, faults: [...BAD_DAY.faults] };
  const site = await openSite(rig, scenario, { GRANARY_OPENAI_MAX_LINES: "40" });
  const replicas = [rig.node([ROLES], { env: site.env }), rig.node([ROLES], { env: site.env })];
  for (const replica of replicas)
    await waitUntil("the replica runs", () => replica.stdout().includes("running"), {
      state: () => replica.stderr(),
    });
  const owners = new Set<string>();
  await site.submit(...mixedRequests("a"));
  await site.submit(...mixedRequests("b"));
  await waitUntil(
    "both have had tasks in hand",
    async () => {
      for (const { owner } of await site.workspace.store.tasks({}, { limit: 500 }))
        if (owner) owners.add(owner);
      return owners.size === 2;
    },
    { lookMs: 10 },
  );
  await site.settles(90_000);
  for (const replica of replicas) expect((await stopped(replica)).code).toBe(0);
  const { findings, unproven, createdTwice, report } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(createdTwice).toEqual([]);
  expect(report.checked.outcomes).toBe(900);
}, 150_000);
