import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { sampleTask } from "../test/sampleDocuments.ts";
import { SAMPLE_FACTS } from "../test/sampleFacts.ts";
import { COMMAND_TYPES } from "./commands.ts";
import { FACT_TYPES, stampFacts } from "./facts.ts";
import { schemaFiles } from "./schemaFiles.ts";

const FOLDER = join(import.meta.dirname, "../schemas");
const GENERATOR = join(import.meta.dirname, "../../../tools/generate-schemas.ts");

// zod reads no `oneOf` of required names alone: a test of their own is about those.
const withoutRules = (key: string, value: unknown): unknown =>
  key === "$id" || (key === "oneOf" && Array.isArray(value) && "required" in value[0] && !value[0].type)
    ? undefined
    : value;

const rawSchemaOf = (name: string): Readonly<Record<string, unknown>> =>
  schemaFiles().find((file) => file.name === name)?.schema ?? {};

const schemaOf = (name: string): z.ZodType =>
  z.fromJSONSchema(JSON.parse(JSON.stringify(rawSchemaOf(name)), withoutRules));

const submit = (data: object): object => ({
  specversion: "1.0",
  id: "1",
  source: "crm",
  type: "granary.v1.command.submit",
  data: { source: "crm", requestId: "x", provider: "openai", model: "m", ...data },
});

const required = (...names: string[]): object[] => names.map((name) => ({ required: [name] }));

describe("the schema files", () => {
  it("in the repository are what the zod sources say", () => {
    const present = Object.fromEntries(
      readdirSync(FOLDER).map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), "utf8"))]),
    );
    expect(present).toEqual(Object.fromEntries(schemaFiles().map(({ name, schema }) => [name, schema])));
  });

  it("are one for each command and fact", () => {
    expect(schemaFiles().map(({ name }) => name)).toEqual([
      ...COMMAND_TYPES.map((type) => `command.${type}.json`),
      ...FACT_TYPES.map((type) => `fact.${type}.json`),
    ]);
  });

  it("take a command with all that has a default left out", () => {
    const schema = schemaOf("command.submit.json");
    const items = [{ key: "a", prompt: "x" }];
    expect(schema.safeParse(submit({ items })).error).toBeUndefined();
    expect(schema.safeParse(submit({ items, priority: 101 })).success).toBe(false);
    expect(schema.safeParse(submit({ items, surprise: 1 })).success).toBe(false);
  });

  it("say of items, and of an item's call, that there is exactly one", () => {
    expect(rawSchemaOf("command.submit.json")).toMatchObject({
      properties: {
        data: {
          oneOf: required("items", "itemsRef"),
          properties: { items: { items: { oneOf: required("prompt", "messages", "body") } } },
        },
      },
    });
  });

  it.each(FACT_TYPES)("take %s as it is published, and with more than is known today", (type) => {
    const schema = schemaOf(`fact.${type}.json`);
    const [fact] = stampFacts("task", sampleTask(), [SAMPLE_FACTS[type]], 0);
    expect(schema.safeParse(fact).error).toBeUndefined();
    const newer = { ...fact, data: { ...fact?.data, later: 1 }, later: 1 };
    expect(schema.safeParse(newer).error).toBeUndefined();
    expect(schema.safeParse({ ...fact, data: {} }).success).toBe(false);
  });
});

describe("generate-schemas", () => {
  const folder = mkdtempSync(join(tmpdir(), "granary-schemas-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const check = (): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, [GENERATOR, "--check", folder], { encoding: "utf8" });

  it(
    "writes what is missing or out of date and removes what is of nothing, and --check says which",
    { timeout: 60_000 },
    () => {
      expect(check()).toMatchObject({ status: 1 });
      execFileSync(process.execPath, [GENERATOR, folder]);
      expect(check()).toMatchObject({ status: 0, stderr: "" });

      writeFileSync(join(folder, "command.poll.json"), "{}\n");
      writeFileSync(join(folder, "fact.task.lost.json"), "{}\n");
      const { status, stderr } = check();
      expect(status).toBe(1);
      expect(stderr).toContain("command.poll.json is not what the zod sources say");
      expect(stderr).toContain("fact.task.lost.json is of no command and no fact");

      execFileSync(process.execPath, [GENERATOR, folder]);
      expect(check()).toMatchObject({ status: 0 });
      expect(readdirSync(folder)).toHaveLength(COMMAND_TYPES.length + FACT_TYPES.length);
    },
  );
});
