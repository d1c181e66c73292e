/**
 * Runs every project's tests and closes with one plain line, for readers that parse no colours:
 * `N passed, N failed, N skipped`. Arguments go to Nx.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";

const COUNTS = "{libs,services,apps}/*/.test-counts.json";
const places = [COUNTS, "{test,bench}/.test-counts.json"];
for (const file of globSync(places)) rmSync(file);

const { status } = spawnSync(
  "npx",
  ["nx", "run-many", "-t", "test", "--parallel=2", "--outputStyle=static", ...process.argv.slice(2)],
  { stdio: "inherit" },
);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of globSync(places)) {
  const counts = JSON.parse(readFileSync(file, "utf8")) as typeof total;
  for (const state of ["passed", "failed", "skipped"] as const) total[state] += counts[state];
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = status === 0 && total.failed === 0 && total.passed > 0 ? 0 : 1;
