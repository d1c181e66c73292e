/**
 * Writes docs/asyncapi.yaml, the catalogue of commands, answers and facts, from the schemas they are read by. With
 * `--check` it writes nothing, and fails where the file is missing or out of date. What it says counts, not how it is
 * laid out: that is the formatter's.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";
import { asyncApi } from "./asyncapi/asyncApi.ts";

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const path = positionals[0] ?? join(import.meta.dirname, "../docs/asyncapi.yaml");

const wanted = asyncApi();
const isStale = !existsSync(path) || said(parse(readFileSync(path, "utf8"))) !== said(wanted);

if (values.check && isStale) {
  console.error(`${path} is not what the schemas say`);
  console.error("run: npx node --conditions=@granary/source tools/generate-asyncapi.ts && npm run format");
  process.exitCode = 1;
} else if (isStale) {
  const note =
    "# Made by tools/generate-asyncapi.ts: change the schemas in libs/domain, or tools/asyncapi.\n";
  writeFileSync(path, note + stringify(wanted, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
console.log(`1 catalogue, ${isStale ? 1 : 0} out of date`);

function said(value: unknown): string {
  return JSON.stringify(value);
}
