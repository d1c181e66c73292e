import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMMAND_DATA, COMMAND_TYPES, commandSchema, FACT_TYPES, factSchema } from "@granary/domain";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { decodeCommand } from "../../libs/messaging/src/jetstream/decodeCommand.ts";
import { ROOT } from "../src/e2e/rig.ts";

const execute = promisify(execFile);
const FILE = join(ROOT, "docs/asyncapi.yaml");

interface Example {
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload: Readonly<Record<string, unknown>>;
}
interface Message {
  readonly payload: { readonly $ref: string };
  readonly traits?: readonly { readonly $ref: string }[];
  readonly examples: readonly Example[];
}
interface Catalogue {
  readonly channels: Readonly<
    Record<
      string,
      { readonly address: string | null; readonly messages: object; readonly "x-stream"?: string }
    >
  >;
  readonly operations: Readonly<
    Record<
      string,
      { readonly action: string; readonly channel: { readonly $ref: string }; readonly reply?: object }
    >
  >;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
}

const catalogue = parse(readFileSync(FILE, "utf8")) as Catalogue;
const messages = Object.entries(catalogue.components.messages);
const names = [
  ...COMMAND_TYPES.map((type) => `command.${type}`),
  "reply",
  ...FACT_TYPES.map((type) => `fact.${type}`),
];

/** What a pointer of the catalogue points at. */
function at(pointer: string): unknown {
  return pointer
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>(
      (held, key) => (held as Readonly<Record<string, unknown>> | undefined)?.[key.replaceAll("~1", "/")],
      catalogue,
    );
}

function pointersIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : pointersIn(inner),
  );
}

/** The schema checker that tools of AsyncAPI have: draft 07. */
function checker(): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: false, allowUnionTypes: true });
  formats.default(ajv);
  return ajv;
}

async function generate(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return execute(process.execPath, ["--conditions=@granary/source", "tools/generate-asyncapi.ts", ...args], {
    cwd: ROOT,
  });
}

describe("the catalogue", () => {
  test("is what the schemas say", async () => {
    expect((await generate("--check")).stdout).toContain("0 out of date");
  }, 60_000);

  test("is called out of date where it says something else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "granary-catalogue-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "asyncapi.yaml");
    writeFileSync(path, readFileSync(FILE, "utf8").replace("requestId", "requestid"));
    await expect(generate("--check", path)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is not what the schemas say"),
    });
    await generate(path);
    expect(parse(readFileSync(path, "utf8"))).toEqual(catalogue);
  }, 60_000);

  test("is an AsyncAPI 3.0 document", () => {
    const schema = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.0.0-without-$id.json") as object;
    const validate = checker().compile(schema);
    expect([validate(catalogue), validate.errors]).toEqual([true, null]);
    expect(validate({ ...catalogue, operations: { x: { action: "shout" } } })).toBe(false);
  });

  test("points only at what is in it", () => {
    const pointers = pointersIn(catalogue);
    expect(pointers.filter((pointer) => at(pointer) === undefined)).toEqual([]);
    expect(pointers.length).toBeGreaterThan(80);
  });

  test("has every command, the answer and every fact, each with an example", () => {
    expect(Object.keys(catalogue.channels)).toEqual(names);
    expect(messages.map(([name]) => name)).toEqual(names);
    expect(messages.filter(([, { examples }]) => examples.length === 0)).toEqual([]);
  });

  test("sends facts, and receives commands, which are answered", () => {
    const told = Object.values(catalogue.operations).map(({ action, channel, reply }) => [
      channel.$ref,
      action,
      reply !== undefined,
    ]);
    expect(told).toEqual([
      ...COMMAND_TYPES.map((type) => [`#/channels/command.${type}`, "receive", true]),
      ...FACT_TYPES.map((type) => [`#/channels/fact.${type}`, "send", false]),
    ]);
  });

  test("names the subject of each message, and the stream that keeps it", () => {
    const told = Object.entries(catalogue.channels)
      .filter(([name]) => name !== "reply")
      .map(([name, { address, "x-stream": stream }]) => [name, address, stream]);
    expect(told).toEqual([
      ...COMMAND_TYPES.map((type) => [`command.${type}`, `granary.v1.command.${type}`, "GRANARY_COMMANDS"]),
      ...FACT_TYPES.map((type) => [`fact.${type}`, `granary.v1.fact.${type}`, "GRANARY_FACTS"]),
    ]);
  });
});

describe.each(messages)("the examples of %s", (name, message) => {
  test("fit the schemas of their payload and headers, which refuse what does not", () => {
    const payload = checker().compile(at(message.payload.$ref) as object);
    const traits = (message.traits ?? []).map(({ $ref }) => at($ref) as { readonly headers: object });
    for (const example of message.examples) {
      expect([example.name, payload(example.payload), payload.errors]).toEqual([example.name, true, null]);
      for (const { headers } of traits) {
        const fits = checker().compile(headers);
        expect([example.name, fits(example.headers), fits.errors]).toEqual([example.name, true, null]);
      }
      for (const key of name === "reply" ? ["status"] : ["id", "type", "data"]) {
        const { [key]: _gone, ...less } = example.payload;
        expect([example.name, key, payload(less)]).toEqual([example.name, key, false]);
      }
    }
  });
});

describe.each(COMMAND_TYPES)("the examples of the command %s", (type) => {
  test("are read by the decoder of commands, to data that is carried out", () => {
    for (const { name, payload, headers } of catalogue.components.messages[`command.${type}`]!.examples) {
      const bytes = Buffer.from(JSON.stringify(payload));
      const decoded = decodeCommand({
        bytes,
        expectedType: `granary.v1.command.${type}`,
        maxBytes: 1_000_000,
      });
      expect([name, decoded]).toEqual([
        name,
        { command: { id: payload["id"], type, data: payload["data"] } },
      ]);
      expect([name, COMMAND_DATA[type].safeParse(payload["data"]).error]).toEqual([name, undefined]);
      expect([name, commandSchema(type).safeParse(payload).error]).toEqual([name, undefined]);
      expect(headers?.["Nats-Msg-Id"]).toBe(payload["id"]);
    }
  });
});

describe.each(FACT_TYPES)("the example of the fact %s", (type) => {
  test("is one", () => {
    for (const { payload, headers } of catalogue.components.messages[`fact.${type}`]!.examples) {
      expect(factSchema(type).parse(payload)).toEqual(payload);
      expect(headers?.["Nats-Msg-Id"]).toBe(payload["id"]);
    }
  });
});
