import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ResultRow } from "@granary/harvester";
import type { ScenarioInput } from "@granary/simulator";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import { onEachStore } from "../src/distributed/eachStore.ts";
import { linesAt } from "../src/distributed/loneService.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";
import { ROOT } from "../src/e2e/rig.ts";

const WORKLOAD = join(ROOT, "examples/workload.jsonl");
const NIGHT = JSON.parse(readFileSync(join(ROOT, "examples/demo-scenario.json"), "utf8")) as ScenarioInput;

await onEachStore(({ kind }) => {
  test("the demo's workload ends well over the wire, at three providers, with two replicas of each service", async () => {
    const site = await siteOfTest({ store: kind, scenario: NIGHT });
    // Replicas that start at once must not take each other for a store that was restored, for example.
    expect(site.stack.services.flatMap((service) => linesAt(service, "error"))).toEqual([]);
    const { code, stderr } = await site.granary("submit", WORKLOAD);
    // Some items fail, by the scenario: that is what 1 says.
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("accepted 205 requests"),
    });
    await site.settles();
    expect(await site.prove()).toEqual(CLEAN);

    const requests = await site.store.requests({}, { limit: 500 });
    expect(requests).toHaveLength(205);
    expect(requests.filter(({ result }) => result === "succeeded").length).toBeGreaterThanOrEqual(200);
    expect(new Set(requests.map(({ account }) => account))).toEqual(
      new Set(["anthropic:simulated", "gemini:simulated", "openai:simulated"]),
    );
    // Named by the scenario; its rates strike others, now these and now those.
    const results = await site.granary("results", "product-reviews", "--source", "shop");
    const rows = results.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as ResultRow);
    expect(rows).toHaveLength(1200);
    const reasons = Object.fromEntries(rows.map(({ key, status, reason }) => [key, reason ?? status]));
    expect(reasons).toMatchObject({
      "review-0013": "succeeded",
      "review-0014": "refused",
      "review-0015": "truncated",
      "review-0016": "invalid_output",
      "review-0017": "invalid_output",
    });
    // What went wrong on the way went wrong here, too.
    for (const account of ["anthropic:simulated", "openai:simulated"])
      for (const type of ["task.create_unknown", "task.adopted"])
        expect([account, type, told(site, type, { account }) > 0]).toEqual([account, type, true]);
    expect(told(site, "task.ended_at_provider", { status: "expired" })).toBe(1);
    expect(await site.stops()).toEqual([0, 0, 0, 0, 0, 0]);
  }, 240_000);
});

/** How many facts of a type were told whose data say all of this. */
function told({ facts }: DistributedSite, type: string, says: Readonly<Record<string, string>>): number {
  return [...facts.heard.values()].filter(
    (fact) =>
      fact.type === `granary.v1.fact.${type}` &&
      Object.entries(says).every(([field, value]) => Reflect.get(fact.data, field) === value),
  ).length;
}
