/**
 * Writes docs/cli.md from the command itself, here or below another folder that is named. With `--check` it writes
 * nothing, and fails where it is missing or out of date. What it says counts, not how its tables are laid out: that is
 * the formatter's.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { commandManual } from "../apps/cli/src/manual/commandManual.ts";

const NAME = "docs/cli.md";

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const path = join(positionals[0] ?? join(import.meta.dirname, ".."), NAME);
const text = commandManual();
const stale = plain(existsSync(path) ? readFileSync(path, "utf8") : "") !== plain(text);

if (stale && values.check) {
  console.error(`${NAME} is not what the command is`);
  console.error("run: npx node --conditions=@granary/source tools/generate-cli-docs.ts && npm run format");
  process.exitCode = 1;
} else if (stale) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(`${NAME} is ${stale ? "out of date" : "up to date"}`);

/** Without the widths of tables, and where lines break. */
function plain(written: string): string {
  return written.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");
}
