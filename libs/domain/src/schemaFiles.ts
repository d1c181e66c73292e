import { z } from "zod";
import { adoptData, COMMAND_TYPES, commandSchema, submitData } from "./commands.ts";
import { FACT_TYPES, factSchema } from "./facts.ts";
import { item } from "./item.ts";

/** A published JSON Schema (draft 2020-12). */
export interface SchemaFile {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Rules between fields, which zod keeps as code and cannot write down itself. */
const EXACTLY_ONE: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
  [submitData, ["items", "itemsRef"]],
  [adoptData, ["items", "itemsRef"]],
  [item, ["prompt", "messages", "body"]],
]);

/**
 * The JSON Schema of every command and fact, as files. Commands as a caller may write them: what has a default may
 * be left out. Facts are open: a later version may tell more, and a reader does not mind.
 */
export function schemaFiles(): readonly SchemaFile[] {
  return [
    ...COMMAND_TYPES.map((type) => schemaFile("command", type, commandSchema(type))),
    ...FACT_TYPES.map((type) => schemaFile("fact", type, factSchema(type))),
  ];
}

function schemaFile(kind: "command" | "fact", type: string, schema: z.ZodType): SchemaFile {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const names = EXACTLY_ONE.get(zodSchema);
      if (names) jsonSchema.oneOf = names.map((name) => ({ required: [name] }));
    },
  });
  const described = { $schema, $id: `urn:granary:v1:${kind}:${type}`, title: `granary.v1.${kind}.${type}` };
  return { name: `${kind}.${type}.json`, schema: { ...described, ...rest } };
}
