import { expect, test } from "vitest";
import { measureCapacity } from "../src/capacity/measureCapacity.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";

const ITEMS = 600;
/** Documents that are there without any work. */
const FEW_BYTES = 500_000;

onSqlite(({ kind }) => {
  test("what an amount of work takes is counted: rows, files, messages, CPU and memory", async () => {
    const site = await siteOfTest({
      store: kind,
      scenario: { pace: { validatingMs: 0, jobMs: 0, lineMs: 0, finalizingMs: 0 } },
      replicas: 1,
    });
    const report = await measureCapacity(site, { items: ITEMS, perRequest: 200, promptBytes: 2_000 });
    expect(report).toMatchObject({ requests: 3, sqlite: { rows: { outcome: ITEMS, request: 3 } } });
    expect(report.tasks).toBeGreaterThan(0);
    expect(report.sqlite?.rows).toMatchObject({ task: report.tasks });
    expect(report.sqlite?.bytes).toBeLessThan(FEW_BYTES + ITEMS * 2_000);
    // Two hundred items of two thousand bytes are too large for a command.
    const { input = 0, manifest = 0, raw = 0, verdicts = 0, results = 0 } = report.artifactBytes;
    expect(input).toBeGreaterThan(ITEMS * 2_000);
    expect(input).toBeLessThan(ITEMS * 2_100);
    expect(report.inputs.bytes).toBeGreaterThanOrEqual(input);
    for (const bytes of [manifest, raw, verdicts, results]) expect(bytes).toBeGreaterThan(ITEMS * 50);
    expect(report.commands.count).toBe(3);
    expect(report.facts.count).toBe(3 * 2 + report.tasks * 4);
    for (const { cpuSeconds, peakBytes } of Object.values(report.services)) {
      expect(cpuSeconds).toBeGreaterThan(0);
      expect(peakBytes).toBeGreaterThan(50_000_000);
    }
    expect(Object.keys(report.services)).toHaveLength(3);
  }, 180_000);
});
