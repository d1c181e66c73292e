import { patternString } from "./patternString.ts";
import { wordsOf } from "./words.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Below this depth the smallest instance is chosen, so that recursive schemas come to an end. */
const DEEP = 5;

const FORMATS: Readonly<Record<string, (digit: () => number) => string>> = {
  "date-time": (digit) => `2026-0${(digit() % 9) + 1}-1${digit()}T0${digit()}:2${digit()}:3${digit()}Z`,
  date: (digit) => `2026-0${(digit() % 9) + 1}-1${digit()}`,
  time: (digit) => `0${digit()}:2${digit()}:3${digit()}Z`,
  duration: (digit) => `P${digit() + 1}D`,
  email: (digit) => `field${digit()}${digit()}@example.com`,
  hostname: (digit) => `host${digit()}${digit()}.example.com`,
  ipv4: (digit) => `192.0.2.${digit()}${digit() % 9}`.replace(/\.0(\d)$/, ".$1"),
  ipv6: (digit) => `2001:db8::${digit()}${digit()}`,
  uuid: (digit) => `0000000${digit()}-000${digit()}-4000-8000-0000000000${digit()}${digit()}`,
  uri: (digit) => `https://example.com/${digit()}${digit()}`,
};

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function pointed(root: Schema, reference: string): Schema {
  let place: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    place = isSchema(place) || Array.isArray(place) ? (place as Record<string, unknown>)[key] : undefined;
  }
  return isSchema(place) ? place : {};
}

/** `$ref` and `allOf` folded into one schema. */
function resolved(schema: Schema, root: Schema, hops = 0): Schema {
  if (hops > 32) return {};
  let merged = schema;
  const { $ref: reference, ...beside } = merged;
  if (typeof reference === "string")
    merged = { ...resolved(pointed(root, reference), root, hops + 1), ...beside };
  if (Array.isArray(merged["allOf"])) {
    const { allOf, ...rest } = merged;
    for (const part of (allOf as unknown[]).filter(isSchema)) {
      const folded = resolved(part, root, hops + 1);
      const properties = {
        ...(merged["properties"] as Schema | undefined),
        ...(folded["properties"] as Schema | undefined),
      };
      const required = [
        ...((merged["required"] as string[]) ?? []),
        ...((folded["required"] as string[]) ?? []),
      ];
      merged = { ...merged, ...folded, ...rest, properties, required };
      if (Object.keys(properties).length === 0) delete (merged as Record<string, unknown>)["properties"];
    }
    delete (merged as Record<string, unknown>)["allOf"];
  }
  return merged;
}

function typeOf(schema: Schema, pick: (length: number) => number, deep: boolean): string {
  const { type } = schema;
  if (Array.isArray(type)) return deep && type.includes("null") ? "null" : String(type[pick(type.length)]);
  if (typeof type === "string") return type;
  if (schema["properties"] !== undefined) return "object";
  return schema["items"] === undefined ? "string" : "array";
}

/**
 * A value that satisfies a JSON Schema, the same for the same numbers. Knows objects, arrays, enum, const, strings
 * with their lengths, patterns and formats, numbers with their bounds, anyOf, oneOf, allOf and references.
 */
export function schemaInstance(root: Schema, next: () => number): unknown {
  const pick = (length: number) => Math.min(length - 1, Math.floor(next() * length));
  const digit = () => pick(10);

  function text(schema: Schema): string {
    const format = FORMATS[String(schema["format"])];
    if (format) return format(digit);
    if (typeof schema["pattern"] === "string") return patternString(schema["pattern"], next);
    const least = numberOf(schema["minLength"]) ?? 0;
    let made = wordsOf(1 + pick(6), next);
    while (made.length < least) made += ` ${wordsOf(6, next)}`;
    return made.slice(0, numberOf(schema["maxLength"]) ?? made.length);
  }

  function amount(schema: Schema, whole: boolean): number {
    const step = numberOf(schema["multipleOf"]) ?? (whole ? 1 : 0.01);
    const least = numberOf(schema["exclusiveMinimum"]) ?? numberOf(schema["minimum"]);
    const most = numberOf(schema["exclusiveMaximum"]) ?? numberOf(schema["maximum"]);
    const from = least ?? (most === undefined ? 0 : most - 100 * step);
    const to = most ?? from + 100 * step;
    // In whole steps, so that bounds and multiples hold together; exclusive bounds lose their outermost step.
    let first = Math.ceil(from / step - 1e-9);
    let last = Math.floor(to / step + 1e-9);
    if (schema["exclusiveMinimum"] !== undefined && first * step <= from) first += 1;
    if (schema["exclusiveMaximum"] !== undefined && last * step >= to) last -= 1;
    if (last < first) return (from + to) / 2;
    const chosen = (first + pick(last - first + 1)) * step;
    return whole ? Math.round(chosen) : Number(chosen.toFixed(10));
  }

  function object(schema: Schema, depth: number): Record<string, unknown> {
    const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
    const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as string[]) : []);
    const made: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties))
      if (required.has(name) || (depth < DEEP && next() < 0.5))
        made[name] = value(isSchema(property) ? property : {}, depth + 1);
    return made;
  }

  function array(schema: Schema, depth: number): unknown[] {
    const least = numberOf(schema["minItems"]) ?? 0;
    const most = numberOf(schema["maxItems"]) ?? Math.max(least, 3);
    const prefix = Array.isArray(schema["prefixItems"]) ? (schema["prefixItems"] as unknown[]) : [];
    const length = depth >= DEEP ? least : least + pick(most - least + 1);
    const items = isSchema(schema["items"]) ? schema["items"] : {};
    return Array.from({ length: Math.max(length, prefix.length) }, (_, index) => {
      const own = prefix[index];
      return value(isSchema(own) ? own : items, depth + 1);
    });
  }

  function value(unresolved: Schema, depth: number): unknown {
    const schema = resolved(unresolved, root);
    if ("const" in schema) return schema["const"];
    if (Array.isArray(schema["enum"])) return schema["enum"][pick(schema["enum"].length)];
    const choices = (schema["anyOf"] ?? schema["oneOf"]) as unknown[] | undefined;
    if (Array.isArray(choices) && choices.length > 0) {
      const { anyOf: _any, oneOf: _one, ...beside } = schema;
      const known = choices.filter(isSchema);
      // Deep down the choice that leads nowhere else comes first.
      const plain = known.filter((choice) => choice["$ref"] === undefined && choice["type"] !== "object");
      const pool = depth >= DEEP && plain.length > 0 ? plain : known;
      return value({ ...beside, ...pool[pick(pool.length)] }, depth + 1);
    }
    switch (typeOf(schema, pick, depth >= DEEP)) {
      case "object":
        return object(schema, depth);
      case "array":
        return array(schema, depth);
      case "integer":
        return amount(schema, true);
      case "number":
        return amount(schema, false);
      case "boolean":
        return next() < 0.5;
      case "null":
        return null;
      default:
        return text(schema);
    }
  }
  return value(root, 0);
}
