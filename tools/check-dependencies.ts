/**
 * Holds lockfile and manifests to what `dependency-faults.ts` decides, without any network, then asks whether faults
 * of production dependencies are known. Where nobody answers that, it says so and goes on: `--demand-audit` makes it
 * a failure, for a machine where it has to be answered.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dependencyFaults } from "./dependency-faults.ts";
import type { Lockfile, Manifest } from "./dependency-faults.ts";

const AUDIT_MS = 60_000;
const MANIFESTS = ["package.json", "{libs,services,apps}/*/package.json", "{test,bench}/package.json"];

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

interface Audit {
  readonly error?: unknown;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity: string; readonly range?: string; readonly fixAvailable?: unknown }>
  >;
}

/** High and critical faults that are known; null where nobody answered. */
function audit(): readonly string[] | null {
  const { stdout } = spawnSync("npm", ["audit", "--omit=dev", "--audit-level=high", "--json"], {
    encoding: "utf8",
    timeout: AUDIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  let told: Audit;
  try {
    told = JSON.parse(stdout) as Audit;
  } catch {
    return null;
  }
  if (told.error !== undefined || !told.vulnerabilities) return null;
  return Object.entries(told.vulnerabilities)
    .filter(([, { severity }]) => severity === "high" || severity === "critical")
    .map(
      ([name, { severity, range }]) =>
        `${name} ${range ?? ""}: a fault of severity ${severity} is known: npm audit`,
    );
}

const lock = read("package-lock.json") as Lockfile;
const manifests = Object.fromEntries(globSync(MANIFESTS).map((path) => [path, read(path) as Manifest]));
const known = audit();
const faults = [...dependencyFaults(lock, manifests), ...(known ?? [])];
for (const fault of faults) console.error(fault);
if (known === null) console.log("npm audit was not answered here: known faults were not looked for");
const isDemanded = process.argv.includes("--demand-audit");
console.log(`${Object.keys(lock.packages).length} locked packages, ${faults.length} dependency faults`);
process.exitCode = faults.length === 0 && !(isDemanded && known === null) ? 0 : 1;
