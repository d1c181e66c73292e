/**
 * Writes the JSON Schemas of all commands and facts to libs/domain/schemas, or another folder that is named.
 * With `--check` it writes nothing, and fails where a file is missing, out of date or not ours. What a file says
 * counts, not how it is laid out: that is the formatter's.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { schemaFiles } from "../libs/domain/src/schemaFiles.ts";

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const folder = positionals[0] ?? join(import.meta.dirname, "../libs/domain/schemas");

if (!values.check) mkdirSync(folder, { recursive: true });
const wanted = new Map(schemaFiles().map(({ name, schema }) => [name, JSON.stringify(schema, null, 2)]));
const present = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith(".json"));
const stale = [...wanted].filter(([name, text]) => !present.includes(name) || read(name) !== text);
const foreign = present.filter((name) => !wanted.has(name));

if (values.check) {
  for (const [name] of stale) console.error(`${name} is not what the zod sources say`);
  for (const name of foreign) console.error(`${name} is of no command and no fact`);
  if (stale.length + foreign.length > 0) {
    console.error("run: npx node tools/generate-schemas.ts && npm run format");
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of stale) writeFileSync(join(folder, name), `${text}\n`);
  for (const name of foreign) rmSync(join(folder, name));
}
console.log(`${wanted.size} schemas, ${stale.length} out of date, ${foreign.length} of nothing`);

/** The file's text as we would lay it out. */
function read(name: string): string {
  return JSON.stringify(JSON.parse(readFileSync(join(folder, name), "utf8")), null, 2);
}
