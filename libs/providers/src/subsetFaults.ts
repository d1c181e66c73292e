import type { Fault } from "@granary/domain";
import { isComment } from "./commentless.ts";
import { eachSchema, isSchema, referred } from "./eachSchema.ts";
import { jsonSchemaFaults } from "./jsonSchema.ts";
import { onCircles } from "./onCircles.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Tells a fault at a path. */
export type Tell = (path: string, message: string) => void;

/** The part of JSON Schema that a provider takes. */
export interface Subset {
  /** The provider, as people call it. */
  readonly name: string;
  /** Keywords that are taken. */
  readonly known: ReadonlySet<string>;
  /** What to do about others, where it is more than to leave them out. */
  readonly remedies: Readonly<Record<string, string>>;
  /** One of these keywords says what a value is; `missing` is what to give where none does. */
  readonly saysWhat: { readonly keywords: readonly string[]; readonly missing: string };
  /** References must not lead round to themselves through these; `message` says so. */
  readonly round: { readonly through: (schema: Schema) => readonly unknown[]; readonly message: string };
  /** Whatever else the provider demands of one schema. */
  readonly check: (schema: Schema, path: string, tell: Tell) => void;
}

const ROOT = "output.schema";

/**
 * All that keeps a schema from a provider's structured output: first what makes it no JSON Schema, then what lies outside
 * the subset. Paths begin with `output.schema`; each message says what to do.
 */
export function subsetFaults(root: Schema, subset: Subset): readonly Fault[] {
  const invalid = jsonSchemaFaults(root, ROOT);
  if (invalid.length > 0) return invalid;
  const faults: Fault[] = [];
  const tell: Tell = (path, message) => faults.push({ path, message });
  const circles = onCircles(root, subset.round.through);
  for (const [schema, path] of eachSchema(root, ROOT)) {
    if (!isSchema(schema)) {
      if (!path.endsWith(".additionalProperties")) tell(path, "must say what the value is: give it a type");
      continue;
    }
    keywordFaults(schema, path, subset, tell);
    subset.check(schema, path, tell);
    if (typeof schema["$ref"] !== "string") continue;
    if (referred(schema["$ref"], root) === undefined)
      tell(`${path}.$ref`, "must stay inside the schema: put the definition under $defs");
    else referenceFaults(schema, path, circles.has(schema) ? subset.round.message : null, tell);
  }
  return faults;
}

function keywordFaults(
  schema: Schema,
  path: string,
  { name, known, remedies, saysWhat }: Subset,
  tell: Tell,
): void {
  for (const keyword of Object.keys(schema))
    if (!known.has(keyword) && !isComment(keyword))
      tell(
        `${path}.${keyword}`,
        `is not supported by ${name}: ${remedies[keyword] ?? "remove it, and check it after the answer"}`,
      );
  if (!saysWhat.keywords.some((keyword) => keyword in schema))
    tell(path, `must say what the value is: give it ${saysWhat.missing}`);
}

function referenceFaults(schema: Schema, path: string, round: string | null, tell: Tell): void {
  for (const keyword of Object.keys(schema))
    if (!keyword.startsWith("$") && !isComment(keyword) && keyword !== "title" && keyword !== "description")
      tell(`${path}.${keyword}`, "must not stand beside $ref: move it into the definition");
  if (round !== null) tell(`${path}.$ref`, round);
}
