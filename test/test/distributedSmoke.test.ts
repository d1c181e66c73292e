import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";

const SCENARIO = { pace: { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 } };
const TEST_MS = 180_000;

onSqlite(({ kind }) => {
  const site = siteOfTests({ store: kind, scenario: SCENARIO });

  test(
    "a smoke test goes over the wire, is worked on by the services, and leaves no file at the provider",
    async () => {
      const { code, stdout, stderr } = await site().granary("smoke", "--provider", "openai", "--json");
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(JSON.parse(stdout)).toMatchObject({
        ok: true,
        account: "openai:simulated",
        items: [{ status: "succeeded" }, { status: "succeeded" }, { status: "succeeded" }],
        findings: [],
      });
      await site().settles();
      const tasks = await site().store.tasks({ states: ["ended"] }, { limit: 10 });
      expect(tasks.map(({ files }) => files?.outcome)).toEqual(tasks.map(() => "removed"));
      expect(tasks.length).toBeGreaterThan(0);
      expect(await site().prove()).toEqual(CLEAN);
    },
    TEST_MS,
  );
});
