import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 150_000 });

test("a status that nobody knows is waited out, told once as a fact and in the log, and proven with all the rest", async () => {
  await using here = scratch();
  const scenario = {
    pace: { validatingMs: 0, jobMs: 2_500, lineMs: 0 },
    faults: [{ on: "job", what: "unknown_status", status: "re-queued", ms: 1_500 }],
  };
  const up = await here.up(["--scenario", here.write("scenario.json", JSON.stringify(scenario))]);
  const file = here.write("work.jsonl", items(5));
  for (const id of ["first", "second"])
    expect((await here.granary(["submit", file, "--model", "gpt-4o-mini", "--id", id])).code).toBe(0);
  await up.said(/the provider's schema drifts/);
  const facts = readFileSync(join(here.folder, ".granary", "granary.facts.jsonl"), "utf8")
    .split("\n")
    .flatMap((line) =>
      line.includes("provider.schema_drift") ? [JSON.parse(line) as { data: unknown }] : [],
    );
  expect(facts.map(({ data }) => data)).toEqual([
    { account: "openai:simulated", provider: "openai", object: "job", field: "status=re-queued" },
  ]);
  const report = await here.json<{ findings: unknown[] }>(["verify"]);
  expect(report.findings).toEqual([]);
});
