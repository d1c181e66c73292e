/**
 * Runs every project's tests, says which servers they ran on, and closes with one plain line, for readers that parse no
 * colours: `N passed, N failed, N skipped`. Arguments go to Nx.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly servers: Readonly<Record<string, number>>;
}

const places = ["{libs,services,apps}/*/.test-counts.json", "{test,bench}/.test-counts.json"];
for (const file of globSync(places)) rmSync(file);

const { status } = spawnSync(
  "npx",
  ["nx", "run-many", "-t", "test", "--parallel=2", "--outputStyle=static", ...process.argv.slice(2)],
  { stdio: "inherit" },
);

const all = globSync(places).map((file) => JSON.parse(readFileSync(file, "utf8")) as Counts);
const sum = (of: (counts: Counts) => number): number => all.reduce((total, counts) => total + of(counts), 0);
const servers = [...new Set(all.flatMap((counts) => Object.keys(counts.servers)))].toSorted();
for (const server of servers)
  console.log(`on ${server}: ${sum((counts) => counts.servers[server] ?? 0)} passed`);
if (servers.length === 0) console.log("on no real nats-server or database: those tests were skipped");
const [passed, failed, skipped] = [sum((c) => c.passed), sum((c) => c.failed), sum((c) => c.skipped)];
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = status === 0 && failed === 0 && passed > 0 ? 0 : 1;
