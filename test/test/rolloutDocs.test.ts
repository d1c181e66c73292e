import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JOB_LIMITS } from "@granary/host";
import { readConfig } from "@granary/runtime";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../src/e2e/rig.ts";
import { readRunbook } from "../src/monitoring/runbook.ts";

const CRITICAL_ENTRIES = [
  "stuck-create",
  "orphan-jobs",
  "provider-outage",
  "stalled-model",
  "budget-exhausted",
  "dead-letters",
  "schema-drift",
  "disk-full",
  "restore",
  "retry",
  "cancel",
];

function pageOf(name: string): string {
  return readFileSync(join(ROOT, "docs", name), "utf8");
}

test("the files of the rollout are read beside the modes they are for, and give both accounts of OpenAI", () => {
  const [live = "", back = "", ...more] = [...pageOf("rollout.md").matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
    ([, text]) => text!,
  );
  expect(more).toEqual([]);
  for (const [file, mode] of [
    [live, "live"],
    [back, "simulated"],
  ] as const) {
    const { accounts, defaultAccounts, sources } = readConfig({
      env: {
        GRANARY_OPENAI_MODE: mode,
        OPENAI_API_KEY: "sk-proj-documents0123456789",
        GRANARY_SIMULATOR_URL: "http://127.0.0.1:7700",
        GRANARY_CONFIG: "/granary.yaml",
      },
      readFile: (path) => (path === "/granary.yaml" ? file : "sk-proj-documents0123456789"),
      reader: "cli",
      jobLimits: JOB_LIMITS,
    });
    expect(accounts.map(({ settings: { id, mode: of } }) => `${id} ${of}`).toSorted()).toEqual([
      "openai:default live",
      "openai:simulated simulated",
    ]);
    expect(defaultAccounts["openai"]).toBe(mode === "live" ? "openai:default" : "openai:simulated");
    expect(sources["example"]).toEqual({ dailyMicros: 5_000_000, maxBacklog: 1_000 });
  }
});

test("the secrets that the page on credentials names are those that are deployed, with their keys", () => {
  const deployed = readFileSync(
    join(ROOT, "deploy/kubernetes/components/externalsecret/secrets.yaml"),
    "utf8",
  );
  const secrets = deployed.split(/^---$/m).map(
    (text) =>
      parse(text) as {
        readonly metadata: { readonly name: string };
        readonly spec: { readonly data: readonly { readonly secretKey: string }[] };
      },
  );
  const page = pageOf("credentials.md");
  const missing = secrets
    .map(({ metadata }) => metadata.name)
    .filter((name) => !page.includes(`\`${name}\``));
  expect(missing).toEqual([]);
  const keys = secrets.flatMap(({ spec }) => spec.data.map(({ secretKey }) => secretKey));
  for (const key of ["MONGODB_URI", "MONGODB_MIGRATE_URI", "OPENAI_API_KEY", "submitter", "operator"]) {
    expect(keys).toContain(key);
    expect(page).toContain(`\`${key}\``);
  }
});

test("the runbook says of what may need somebody at night when to page", () => {
  const { entries } = readRunbook();
  const silent = CRITICAL_ENTRIES.filter((name) => !/^Page: \S/m.test(entries.get(name) ?? ""));
  expect(silent).toEqual([]);
});
