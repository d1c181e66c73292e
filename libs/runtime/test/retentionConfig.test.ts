import { expect, test } from "vitest";
import { faultsOf, LIVE, read, readYaml } from "./readWith.ts";

test("retention is read in milliseconds, for all and by source, and nothing set is nothing removed", () => {
  const { retention, sources } = readYaml(
    `retention: { prompts: 30d, artifacts: 36h, requireExport: true }
sources:
  billing: { retention: { outcomes: 400d, requireExport: false } }
  other: {}`,
    { ...LIVE },
  );
  expect(retention).toEqual({ promptsMs: 2_592_000_000, artifactsMs: 129_600_000, requireExport: true });
  expect(sources).toEqual({
    billing: { retention: { outcomesMs: 34_560_000_000, requireExport: false } },
    other: {},
  });
  expect(read({ ...LIVE }).retention).toEqual({});
});

test("faults of retention are told all at once, each with its place", () => {
  const faults = faultsOf(() =>
    readYaml(
      `retention: { prompts: 0s, outcome: 1d }
sources: { billing: { retention: { artifacts: forever, requireExport: 1 } } }`,
      { ...LIVE },
    ),
  );
  expect(faults.map(({ path }) => path).toSorted()).toEqual([
    "granary.yaml: retention.outcome",
    "granary.yaml: retention.prompts",
    "granary.yaml: sources.billing.retention.artifacts",
    "granary.yaml: sources.billing.retention.requireExport",
  ]);
});
