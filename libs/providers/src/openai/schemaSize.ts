import type { Fault } from "@granary/domain";

/** Source: https://developers.openai.com/api/docs/guides/structured-outputs#objects-have-limitations-on-nesting-depth-and-size */
const MOST = { depth: 10, properties: 5_000, enums: 1_000, characters: 120_000 };
/** An enum of more values than this has a limit of characters of its own. */
const LARGE_ENUM = { values: 250, characters: 15_000 };

interface Size {
  depth: number;
  properties: number;
  enums: number;
  /** Of property names, definition names, enum values and const values. */
  characters: number;
}

/** What is too large or too deep for OpenAI's strict output. References are counted where they lead to, once. */
export function sizeFaults(schema: unknown, root: string): readonly Fault[] {
  const size: Size = { depth: 0, properties: 0, enums: 0, characters: 0 };
  const faults: Fault[] = [];
  measure(schema, root, 0, size, faults);
  const over = (is: number, most: number, what: string) => {
    if (is > most) faults.push({ path: root, message: `has ${is} ${what}, at most ${most} are allowed` });
  };
  over(size.depth, MOST.depth, "levels of objects in objects");
  over(size.properties, MOST.properties, "properties");
  over(size.enums, MOST.enums, "enum values");
  over(size.characters, MOST.characters, "characters in names, enum and const values");
  return faults;
}

function measure(schema: unknown, path: string, above: number, size: Size, faults: Fault[]): void {
  if (typeof schema !== "object" || schema === null) return;
  const { type, properties, items, anyOf, enum: values, ...rest } = schema as Record<string, unknown>;
  const isObject = type === "object" || (Array.isArray(type) && type.includes("object")) || properties;
  const depth = isObject ? above + 1 : above;
  size.depth = Math.max(size.depth, depth);
  for (const [name, property] of entriesOf(properties)) {
    size.properties += 1;
    size.characters += name.length;
    measure(property, `${path}.properties.${name}`, depth, size, faults);
  }
  measure(items, `${path}.items`, depth, size, faults);
  if (Array.isArray(anyOf))
    for (const [at, option] of anyOf.entries()) measure(option, `${path}.anyOf[${at}]`, depth, size, faults);
  for (const keyword of ["$defs", "definitions"])
    for (const [name, definition] of entriesOf(rest[keyword])) {
      size.characters += name.length;
      measure(definition, `${path}.${keyword}.${name}`, 0, size, faults);
    }
  if ("const" in rest) size.characters += lengthOf(rest["const"]);
  if (Array.isArray(values)) measureEnum(values, path, size, faults);
}

function measureEnum(values: readonly unknown[], path: string, size: Size, faults: Fault[]): void {
  const characters = values.reduce<number>((sum, value) => sum + lengthOf(value), 0);
  size.enums += values.length;
  size.characters += characters;
  if (values.length > LARGE_ENUM.values && characters > LARGE_ENUM.characters)
    faults.push({
      path: `${path}.enum`,
      message: `has ${characters} characters, at most ${LARGE_ENUM.characters} are allowed where an enum has more than ${LARGE_ENUM.values} values`,
    });
}

function lengthOf(value: unknown): number {
  return typeof value === "string" ? value.length : 0;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
