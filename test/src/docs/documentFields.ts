import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../e2e/rig.ts";

/**
 * The fields of an interface of libs/domain, those of what it extends with them. Read from the source as the formatter
 * lays it out: a field of its own stands two blanks in. @throws where there is no such interface
 */
export function fieldsOf(file: string, name: string): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, "libs/domain/src", file), "utf8");
  const found = new RegExp(`^export interface ${name}(?: extends (\\w+))? \\{\\n([^]*?)^\\}`, "m").exec(text);
  if (!found) throw new Error(`${file} has no interface ${name}`);
  const [, base, body = ""] = found;
  const own = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = ""]) => field);
  return new Set([...(base ? fieldsOf(file, base) : []), ...own]);
}
