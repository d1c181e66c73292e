import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Fault } from "@granary/domain";
import { isShallow, TOO_DEEP } from "@granary/domain";
import { eachSchema } from "./eachSchema.ts";
import { inPlaceFaults } from "./inPlaceFaults.ts";

type Schema = Readonly<Record<string, unknown>>;

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";
/** Compiling takes time and memory in proportion, and OpenAI takes 5,000 properties. */
const MOST_SCHEMAS = 10_000;
const DRAFT_07 = "http://json-schema.org/draft-07/schema";

/** A validator for one schema's dialect: draft 2020-12, or draft-07 where `$schema` says so. A new one each time, so that it is let go with the schema. */
export function ajvFor(schema: Schema): Ajv {
  // `strict` would refuse unknown keywords, which JSON Schema allows; logging is the caller's.
  const options = { allErrors: true, strict: false, logger: false } as const;
  const ajv = dialectOf(schema) === DRAFT_07 ? new Ajv(options) : new Ajv2020(options);
  addFormats.default(ajv);
  return ajv;
}

/**
 * Faults that make it no JSON Schema at all: another dialect, against its metaschema, references that lead
 * nowhere, patterns that are no regular expressions; or none that anybody can check an answer against in bounded time.
 * All at once; paths begin with `root`.
 */
export function jsonSchemaFaults(schema: Schema, root: string): readonly Fault[] {
  if (!isShallow(schema)) return [{ path: root, message: TOO_DEEP }];
  if (hasMoreSchemas(schema, MOST_SCHEMAS))
    return [{ path: root, message: `holds more than ${MOST_SCHEMAS} schemas: make it smaller` }];
  const dialect = dialectOf(schema);
  if (dialect === null)
    return [
      {
        path: `${root}.$schema`,
        message: `is no dialect known here: leave it out, or name ${DRAFT_2020} or ${DRAFT_07}`,
      },
    ];
  const ajv = ajvFor(schema);
  if (ajv.validateSchema(schema) !== true)
    return onePerPath(
      (ajv.errors ?? []).map(({ instancePath, message }) => ({
        path: `${root}${dotted(instancePath)}`,
        message: `is no valid JSON Schema: ${message ?? "it breaks the metaschema"}`,
      })),
    );
  try {
    const validate = ajv.compile(schema);
    return "$async" in validate
      ? [{ path: `${root}.$async`, message: "is no JSON Schema keyword: remove it" }]
      : inPlaceFaults(schema, root);
  } catch (error) {
    return [{ path: root, message: `is no valid JSON Schema: ${(error as Error).message}` }];
  }
}

function hasMoreSchemas(schema: Schema, most: number): boolean {
  const schemas = eachSchema(schema, "");
  for (let count = 0; count < most; count += 1) if (schemas.next().done) return false;
  return !schemas.next().done;
}

/** The metaschema tells one fault in several ways; the first is enough. */
function onePerPath(faults: readonly Fault[]): readonly Fault[] {
  const paths = new Set<string>();
  return faults.filter(({ path }) => paths.size < paths.add(path).size);
}

function dialectOf({ $schema }: Schema): typeof DRAFT_2020 | typeof DRAFT_07 | null {
  if ($schema === undefined) return DRAFT_2020;
  if (typeof $schema !== "string") return null;
  const uri = $schema.replace(/#$/, "");
  return ([DRAFT_2020, DRAFT_07] as const).find((known) => known.split(":")[1] === uri.split(":")[1]) ?? null;
}

/** A JSON pointer as a path of ours: `/properties/a~1b` is `.properties.a/b`. */
function dotted(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => `.${part.replaceAll("~1", "/").replaceAll("~0", "~")}`)
    .join("");
}
