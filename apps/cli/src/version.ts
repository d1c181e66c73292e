import { readFileSync } from "node:fs";

/** What runs: the version of the package, and the commit where the image has one built in. */
export function version(): {
  readonly version: string;
  readonly commit: string | null;
  readonly node: string;
} {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version: own } = JSON.parse(text) as { version: string };
  return { version: own, commit: process.env["GRANARY_COMMIT"] ?? null, node: process.versions.node };
}

/** The same in a line, or as JSON. */
export function versionText(json: boolean): string {
  const runs = version();
  if (json) return JSON.stringify(runs);
  return runs.commit === null ? runs.version : `${runs.version} (${runs.commit})`;
}
