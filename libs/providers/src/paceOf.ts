import { directSchemas, eachSchema, entriesOf, isSchema } from "./eachSchema.ts";
import { looksAt } from "./inPlaceFaults.ts";
import { onCircles } from "./onCircles.ts";

type Schema = Readonly<Record<string, unknown>>;

/** So many schemas for one value, at every value in an answer, are checked in no time worth speaking of. */
const FEW_LOOKS = 100;

/**
 * How long a check of an answer may take: `linear`, at most the square of a text's length, or any time at all.
 * Patterns may try all ways, and schemas that contain themselves may multiply with the depth of an answer.
 */
export function paceOf(root: Schema): "linear" | "square" | "slow" {
  const looks = new Map<unknown, number>();
  let pace: "linear" | "square" = "linear";
  for (const [schema] of eachSchema(root, "")) {
    if (!isSchema(schema)) continue;
    const patterns = patternsOf(schema);
    if (patterns.some((pattern) => !isPlain(pattern))) return "slow";
    if ("$dynamicRef" in schema || "$recursiveRef" in schema) return "slow";
    if (looksAt(schema, root, looks) > FEW_LOOKS) return "slow";
    if (patterns.length > 0 || schema["uniqueItems"] === true) pace = "square";
  }
  return onCircles(root, directSchemas).size > 0 ? "slow" : pace;
}

function patternsOf(schema: Schema): readonly string[] {
  const names = entriesOf(schema["patternProperties"]).map(([pattern]) => pattern);
  return typeof schema["pattern"] === "string" ? [...names, schema["pattern"]] : names;
}

/** At most one thing that repeats, and no group. */
function isPlain(pattern: string): boolean {
  const outside = pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/g, "x").replaceAll(/\{\d+\}/g, "");
  return !outside.includes("(") && (outside.match(/[*+?{]/g)?.length ?? 0) <= 1;
}
