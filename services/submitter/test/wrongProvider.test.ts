import type { Account, BatchProvider, Dialect, Fault } from "@granary/domain";
import { FAST } from "@granary/domain";
import {
  ANTHROPIC_PRICES,
  anthropicDialect,
  GEMINI_PRICES,
  geminiDialect,
  OPENAI_PRICES,
  openaiDialect,
} from "@granary/providers";
import { describe, expect, it } from "vitest";
import { handleCommands } from "../src/handleCommands.ts";
import { openRig, prompts, submit } from "./rig.ts";

const DIALECTS: Readonly<Record<string, Dialect>> = {
  openai: openaiDialect(),
  gemini: geminiDialect(),
  anthropic: anthropicDialect(),
};
const MODELS = { openai: "gpt-4o-mini", gemini: "gemini-2.5-flash", anthropic: "claude-haiku-4-5" } as const;
type Name = keyof typeof MODELS;
const NAMES = Object.keys(MODELS) as Name[];

/** Nothing of these tests reaches a provider. */
const unreachable = new Proxy({} as BatchProvider, {
  get(_none, name) {
    throw new Error(`nobody calls ${String(name)}`);
  },
});

/** What a submit command is answered with where all three providers have an account. */
async function answerTo(
  provider: Name,
  with_: Record<string, unknown>,
  lineBytes = 100_000,
): Promise<{ readonly status: string; readonly faults: readonly Fault[] }> {
  const rig = await openRig();
  const accounts = new Map(
    NAMES.map((name): [string, Account] => {
      const dialect = DIALECTS[name]!;
      const limits = { job: { ...dialect.limits, lineBytes } };
      const id = `${name}:simulated`;
      const settings = { id, provider: name, mode: "simulated", durations: FAST, limits, extraModels: [] };
      return [id, { settings: settings as Account["settings"], dialect, provider: unreachable }];
    }),
  );
  const catalogue = {
    accounts,
    defaultAccounts: Object.fromEntries(NAMES.map((name) => [name, `${name}:simulated`])),
    prices: [...OPENAI_PRICES, ...GEMINI_PRICES, ...ANTHROPIC_PRICES],
    sources: {},
  };
  const command = submit("a", { provider, model: MODELS[provider], ...with_ });
  const [reply] = await handleCommands({ ...rig.deps, catalogue })([command]);
  return { status: reply!.status, faults: reply?.faults ?? [] };
}

/** Pairs of providers that are not the same. */
const PAIRS = NAMES.flatMap((to) => NAMES.filter((of) => of !== to).map((of) => ({ to, of })));

const PIXEL = "iVBORw0KGgo=";
const SCHEMA = { type: "object", properties: { city: { type: "string" } } };

/** A body with an image and a tool, as each provider has it. */
const BODIES: Readonly<Record<Name, Record<string, unknown>>> = {
  openai: {
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is it?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
        ],
      },
    ],
    max_completion_tokens: 50,
    tools: [{ type: "function", function: { name: "weather", parameters: SCHEMA } }],
  },
  gemini: {
    contents: [
      {
        role: "user",
        parts: [{ text: "What is it?" }, { inlineData: { mimeType: "image/png", data: PIXEL } }],
      },
    ],
    tools: [{ functionDeclarations: [{ name: "weather", parameters: SCHEMA }] }],
  },
  anthropic: {
    max_tokens: 50,
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is it?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
        ],
      },
    ],
    tools: [{ name: "weather", input_schema: SCHEMA }],
  },
};

describe("a body with an image and a tool", () => {
  it.each(NAMES)("is taken by the provider it was written for (%s)", async (name) => {
    expect(await answerTo(name, { items: [{ key: "a", body: BODIES[name] }] })).toMatchObject({
      status: "accepted",
    });
  });

  it.each(PAIRS)("for $of is refused by $to, with the places of both", async ({ to, of }) => {
    const { status, faults } = await answerTo(to, { items: [{ key: "a", body: BODIES[of] }] });
    expect(status).toBe("rejected");
    expect(faults.every(({ key }) => key === "a")).toBe(true);
    const told = faults.map(({ path, message }) => `${path}: ${message}`);
    expect(told).toContainEqual(expect.stringMatching(/body\.tools\[0\]: is another provider's form/));
    const place = /body\.(?:messages\[0\]\.content\[1\]|contents|messages): /;
    expect(told).toContainEqual(expect.stringMatching(place));
  });
});

describe("a model", () => {
  it.each(PAIRS)("of $of is refused by $to", async ({ to, of }) => {
    const { status, faults } = await answerTo(to, { model: MODELS[of] });
    expect(status).toBe("rejected");
    expect(faults).toEqual([
      {
        path: "model",
        message: expect.stringMatching(
          `^${MODELS[of]} is no model known for ${to}:simulated: correct it`,
        ) as string,
      },
    ]);
  });
});

/** A schema of an object that has these properties, and no other. */
const object = (properties: object) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

describe("an output schema", () => {
  it.each([
    ["openai", object({ a: { oneOf: [{ type: "string" }, { type: "null" }] } }), "oneOf"],
    ["gemini", object({ a: { not: { type: "string" } } }), "not"],
    ["anthropic", object({ a: { type: "string", minLength: 3, not: {} } }), "not"],
  ] as const)("outside the subset of %s is refused, with its place", async (name, schema, keyword) => {
    const { status, faults } = await answerTo(name, {
      output: { type: "json_schema", name: "answer", schema },
    });
    expect(status).toBe("rejected");
    expect(faults.map(({ path }) => path)).toContainEqual(`output.schema.properties.a.${keyword}`);
  });

  it.each(NAMES)("inside the subset of all is taken by %s", async (name) => {
    const output = { type: "json_schema", name: "answer", schema: object({ a: { type: "string" } }) };
    expect(await answerTo(name, { output })).toMatchObject({ status: "accepted" });
  });
});

describe("params", () => {
  it.each([
    ["openai", { seed: 7 }, { endpoint: "/v1/responses" }, "params.seed"],
    ["openai", { stop: ["x"] }, { endpoint: "/v1/responses" }, "params.stop"],
    ["gemini", { seed: 2 ** 40 }, {}, "params.seed"],
    ["anthropic", { seed: 7 }, {}, "params.seed"],
    ["anthropic", { temperature: 1.5 }, {}, "params.temperature"],
  ] as const)("that %s does not know are refused: %j", async (name, params, more, path) => {
    const items = [...prompts(1), { key: "odd", prompt: "Hi", params }];
    const { status, faults } = await answerTo(name, { items, ...more });
    expect(status).toBe("rejected");
    expect(faults).toEqual([{ key: "odd", path: `items[1].${path}`, message: expect.any(String) as string }]);
  });

  it("nobody knows are refused by their names", async () => {
    const { faults } = await answerTo("openai", { items: [{ key: "a", prompt: "Hi", params: { topK: 5 } }] });
    expect(JSON.stringify(faults)).toMatch(/topK/);
    expect(faults).toHaveLength(1);
  });
});

describe("a line", () => {
  it.each(NAMES)("over the limit of %s is refused, with its size and its key", async (name) => {
    const items = [...prompts(1), { key: "long", prompt: "x".repeat(2_000) }];
    const { status, faults } = await answerTo(name, { items }, 1_000);
    expect(status).toBe("rejected");
    expect(faults).toEqual([
      {
        key: "long",
        path: "items[1]",
        message: expect.stringMatching(
          /^is \d+ bytes as a line, over the limit of 1000: split it$/,
        ) as string,
      },
    ]);
  });

  it.each(NAMES)("of any size %s takes is taken", async (name) => {
    expect(await answerTo(name, { items: [{ key: "a", prompt: "x".repeat(2_000) }] })).toMatchObject({
      status: "accepted",
    });
  });
});
