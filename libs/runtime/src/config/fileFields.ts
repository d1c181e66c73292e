import { z } from "zod";
import { configFileSchema } from "./configFile.ts";

/** A field of the configuration file, as a person writes it. */
export interface FileField {
  /** Such as `accounts[].durations.poll`, or `sources.<name>.dailyUsd`. */
  readonly path: string;
  readonly form: string;
  readonly meaning: string;
  /** `needed`, or what holds where it is left out; empty where nothing does. */
  readonly default: string;
}

/** The parts of JSON Schema that zod writes for our schema. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

const DURATION = /\(\?:ms\|s\|m\|h\|d\)\$$/;

/** Every field of the configuration file, from its schema: what is checked is what is told. */
export function fileFields(): readonly FileField[] {
  return fieldsBelow("", z.toJSONSchema(configFileSchema, { io: "input" }) as Schema);
}

function fieldsBelow(path: string, { properties = {}, required = [] }: Schema): readonly FileField[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const own = path === "" ? name : `${path}.${name}`;
    if (schema.description === undefined) return fieldsBelow(...insideOf(own, schema));
    const needed = required.includes(name);
    return [
      {
        path: own,
        form: formOf(schema),
        meaning: schema.description,
        default: needed ? "needed" : defaultText(schema.default),
      },
    ];
  });
}

/** What a field without a meaning of its own consists of. */
function insideOf(path: string, schema: Schema): [string, Schema] {
  if (schema.items) return [`${path}[]`, schema.items];
  const { additionalProperties: each } = schema;
  return typeof each === "object" ? [`${path}.<name>`, each] : [path, schema];
}

function formOf({ type = "", enum: values, pattern, format, items }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(" or ");
  if (pattern !== undefined && DURATION.test(pattern)) return "duration";
  if (format === "date") return "day";
  if (items) return "list";
  if (type === "object") return "map";
  return type === "integer" ? "whole number" : type === "string" ? "text" : type;
}

function defaultText(value: unknown): string {
  // What defaults to nothing, such as an empty list, needs no word.
  if (value === undefined || typeof value === "object") return "";
  return `\`${JSON.stringify(value).replaceAll('"', "")}\``;
}
