/**
 * Writes `.env.example` and docs/configuration.md, here or below another folder that is named. With `--check` it writes
 * nothing, and fails where one is missing or out of date. What a file says counts, not how its tables are laid out:
 * that is the formatter's.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { configurationManual, environmentExample } from "../libs/runtime/src/config/manual.ts";

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const folder = positionals[0] ?? join(import.meta.dirname, "..");

const files: readonly (readonly [string, string])[] = [
  [".env.example", environmentExample()],
  ["docs/configuration.md", configurationManual()],
];
const stale = files.filter(([name, text]) => plain(read(name)) !== plain(text));

for (const [name, text] of stale)
  if (values.check) console.error(`${name} is not what the program reads by`);
  else {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
if (values.check && stale.length > 0) {
  console.error("run: npx node --conditions=@granary/source tools/generate-config-docs.ts && npm run format");
  process.exitCode = 1;
}
console.log(`${files.length} files on configuration, ${stale.length} out of date`);

function read(name: string): string {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Without the widths of tables. */
function plain(text: string): string {
  return text.replaceAll(/-{3,}/g, "---").replaceAll(/[ \t]+/g, " ");
}
