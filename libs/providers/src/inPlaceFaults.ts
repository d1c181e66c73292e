import type { Fault } from "@granary/domain";
import { eachSchema, entriesOf, isSchema, referred } from "./eachSchema.ts";
import { onCircles } from "./onCircles.ts";

type Schema = Readonly<Record<string, unknown>>;

/** How many schemas may look at one and the same value: beyond it a check takes longer than anybody waits. */
export const MOST_IN_PLACE = 1_000;
const LISTS = ["anyOf", "oneOf", "allOf"];
const SINGLE = ["not", "if", "then", "else"];

/**
 * Faults of references that never come to an end, or to none in a time that is worth waiting for: those that lead
 * round to themselves without going into the value, and those that multiply with every step.
 */
export function inPlaceFaults(root: Schema, path: string): readonly Fault[] {
  const circles = onCircles(root, inPlace);
  const schemas = [...eachSchema(root, path)];
  const round = schemas.flatMap(([schema, at]) =>
    isSchema(schema) && "$ref" in schema && circles.has(schema)
      ? [{ path: `${at}.$ref`, message: "leads round to itself and never into the value: take it out" }]
      : [],
  );
  if (round.length > 0) return round;
  const looks = new Map<unknown, number>();
  // The first one stands for all that hold it.
  const many = schemas.find(([schema]) => looksAt(schema, root, looks) > MOST_IN_PLACE);
  const message = `holds a value against more than ${MOST_IN_PLACE} schemas: take choices in choices out`;
  return many ? [{ path: many[1], message }] : [];
}

/**
 * How many schemas look at a value that is held against this one; of more than a thousand only that they are more,
 * and Infinity where they never end.
 */
export function looksAt(schema: unknown, root: Schema, known: Map<unknown, number>, steps = 0): number {
  if (!isSchema(schema)) return 1;
  const before = known.get(schema);
  if (before !== undefined) return before;
  if (steps > MOST_IN_PLACE) return Infinity;
  // Met again before it is done: a circle.
  known.set(schema, Infinity);
  let count = 1;
  for (const child of [...inPlace(schema), ...targetOf(schema, root)])
    count += looksAt(child, root, known, steps + 1);
  known.set(schema, count);
  return count;
}

function inPlace(schema: Schema): readonly unknown[] {
  return [
    ...LISTS.flatMap((keyword) => (Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : [])),
    ...SINGLE.flatMap((keyword) => (schema[keyword] === undefined ? [] : [schema[keyword]])),
    ...entriesOf(schema["dependentSchemas"]).map(([, child]) => child),
  ];
}

function targetOf(schema: Schema, root: Schema): readonly unknown[] {
  return typeof schema["$ref"] === "string" ? [referred(schema["$ref"], root)] : [];
}
