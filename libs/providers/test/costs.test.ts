import { readFileSync } from "node:fs";
import type { Dialect, Price, Usage } from "@granary/domain";
import { costOf, NO_USAGE, priceOf } from "@granary/domain";
import { describe, expect, test } from "vitest";
import {
  ANTHROPIC_PRICES,
  anthropicDialect,
  GEMINI_PRICES,
  geminiDialect,
  OPENAI_PRICES,
  openaiDialect,
} from "../src/index.ts";

interface Charged {
  readonly name: string;
  readonly provider: "openai" | "gemini" | "anthropic";
  readonly model: string;
  readonly line: object;
}

const DIALECTS: Readonly<Record<Charged["provider"], Dialect>> = {
  openai: openaiDialect(),
  gemini: geminiDialect(),
  anthropic: anthropicDialect(),
};
const PRICES: readonly Price[] = [...OPENAI_PRICES, ...GEMINI_PRICES, ...ANTHROPIC_PRICES];
const NOW = Date.parse("2026-11-25");

const { lines } = JSON.parse(readFileSync(new URL("fixtures/costs.json", import.meta.url), "utf8")) as {
  readonly lines: readonly Charged[];
};

function usageOf(name: string): { readonly usage: Usage; readonly charged: Charged } {
  const charged = lines.find((line) => line.name === name);
  if (!charged) throw new Error(`no line ${name}`);
  const decoded = DIALECTS[charged.provider].decode(JSON.stringify(charged.line));
  if (decoded.type !== "answer") throw new Error(`no answer: ${decoded.type}`);
  return { usage: decoded.usage, charged };
}

function micros(name: string, at = NOW): number | null {
  const { usage, charged } = usageOf(name);
  return costOf(usage, priceOf(PRICES, charged.provider, charged.model, at));
}

/** The usage of an answer of Anthropic's that tells this of what was written to the cache. */
function told(written: object): Usage | null {
  const message = { content: [], stop_reason: "end_turn", usage: { input_tokens: 5, ...written } };
  const line = { custom_id: "a", result: { type: "succeeded", message } };
  const decoded = DIALECTS.anthropic.decode(JSON.stringify(line));
  return decoded.type === "answer" ? decoded.usage : null;
}

/** For how long an item may write to the cache, given as a prompt or as a body. */
function writeOf(provider: Charged["provider"], body?: Readonly<Record<string, unknown>>) {
  const dialect = DIALECTS[provider];
  const context = { model: "m", endpoint: dialect.endpoints[0], output: { type: "text" } } as const;
  return dialect.estimate({ key: "a", ...(body ? { body } : { prompt: "x" }) }, context).cacheWrite;
}

function block(ttl?: string): object {
  return { type: "text", text: "x", cache_control: { type: "ephemeral", ttl } };
}

describe("an answer of OpenAI's", () => {
  test("that read from the cache, wrote to it and reasoned", () => {
    const name = "openai chat, cached, written and reasoned";
    expect(usageOf(name).usage).toEqual({
      inputTokens: 3000,
      outputTokens: 500,
      cachedTokens: 1024,
      cacheWriteTokens: 1536,
      reasoningTokens: 320,
    });
    // 3000 - 1024 - 1536 = 440 fresh at 2, 1024 at 0.2, 1536 at 2.5, 500 at 12 dollars a million:
    // 880 + 204.8 + 3840 + 6000 = 10924.8, half of it in a batch: 5462.4.
    expect(micros(name)).toBe(5462);
  });

  test("that wrote to the cache for half an hour", () => {
    // (80 * 1 + 1920 * 1.25 + 100 * 5) / 2 = (80 + 2400 + 500) / 2.
    expect(micros("openai responses, written for half an hour")).toBe(1490);
  });

  test("that wrote to it for twelve hours, at a price nobody tells", () => {
    const name = "openai responses, written for twelve hours";
    expect(usageOf(name).usage).toMatchObject({ cacheWriteTokens: 1920, longCacheWriteTokens: 1920 });
    expect(micros(name)).toBeNull();
    const own = { ...priceOf(PRICES, "openai", "gpt-6.1-terra", NOW)!, longCacheWrite: 2.5 };
    // (80 * 1 + 1920 * 2.5 + 100 * 5) / 2 = (80 + 4800 + 500) / 2.
    expect(costOf(usageOf(name).usage, own)).toBe(2690);
  });

  test("whose cached input costs as much in a batch as elsewhere", () => {
    // (86 * 0.15 + 300 * 0.6) / 2 + 1920 * 0.075 = 6.45 + 90 + 144.
    expect(micros("openai chat, cached input that a batch does not halve")).toBe(240);
  });

  test.each([
    // 271,999 and 272,000 at 2.5 dollars a million, 272,001 at 5, half of it in a batch; 1000 at 15 or 22.5.
    [271_999, 347_499],
    [272_000, 347_500],
    [272_001, 691_253],
  ])("of gpt-5.4 with %i tokens of input", (inputTokens, cost) => {
    const usage = { inputTokens, outputTokens: 1000, cachedTokens: 0, reasoningTokens: 600 };
    expect(costOf(usage, priceOf(PRICES, "openai", "gpt-5.4-2026-03-05", NOW))).toBe(cost);
  });
});

describe("an answer of Gemini's", () => {
  test("that read from the cache and thought", () => {
    const name = "gemini, cached and thought";
    expect(usageOf(name).usage).toEqual({
      inputTokens: 5000,
      outputTokens: 1000,
      cachedTokens: 4096,
      reasoningTokens: 900,
    });
    // (904 * 1.25 + 1000 * 10) / 2 + 4096 * 0.125: a batch does not halve what comes from the cache.
    expect(micros(name)).toBe(6077);
  });

  test("of a prompt over 200,000 tokens", () => {
    // (195,905 * 2.5 + 1000 * 15) / 2 + 4096 * 0.25 = 244,881.25 + 7500 + 1024.
    expect(micros("gemini, a long prompt, cached and thought")).toBe(253_405);
  });

  test("of a model whose cached input is halved, and whose price goes up in December", () => {
    const name = "gemini, cached input that a batch halves";
    // (904 * 2 + 4096 * 0.1 + 1000 * 10) / 2 = (1808 + 409.6 + 10,000) / 2.
    expect(micros(name)).toBe(6109);
    expect(micros(name, Date.parse("2026-11-30T23:59:59Z"))).toBe(6109);
    // Twice as much: 12,217.6.
    expect(micros(name, Date.parse("2026-12-01"))).toBe(12_218);
  });
});

describe("an answer of Anthropic's", () => {
  test("that read from the cache, wrote to it for both times and thought", () => {
    const name = "anthropic, read, written for both times, and thought";
    expect(usageOf(name).usage).toEqual({
      inputTokens: 3050,
      outputTokens: 700,
      cachedTokens: 1800,
      cacheWriteTokens: 1200,
      longCacheWriteTokens: 1000,
      reasoningTokens: 500,
    });
    // 50 at 2, 1800 at 0.1, 200 at 2.5, 1000 at 4, 700 at 10: 100 + 180 + 500 + 4000 + 7000, half of it in a batch.
    expect(micros(name)).toBe(5890);
  });

  test("of a prompt that is just short enough, or just too long", () => {
    // (1 * 0.1 + 99,999 * 0.01) / 2 = 500.045.
    expect(micros("anthropic, a prompt just short enough, most of it read")).toBe(500);
    // (1 * 0.5 + 100,000 * 0.05) / 2 = 2500.25.
    expect(micros("anthropic, a prompt just too long, most of it read")).toBe(2500);
  });

  test("that tells only the older of the two counts of what was written", () => {
    expect(told({ cache_creation_input_tokens: 7 })).toMatchObject({ inputTokens: 12, cacheWriteTokens: 7 });
    expect(told({ cache_creation: { ephemeral_1h_input_tokens: 7 } })).toMatchObject({
      inputTokens: 12,
      cacheWriteTokens: 7,
      longCacheWriteTokens: 7,
    });
    expect(told({})).toEqual({ ...NO_USAGE, inputTokens: 5 });
  });
});

describe("what an item may write to the cache", () => {
  test("is kept for half an hour at OpenAI, unless it asks for more", () => {
    expect(writeOf("openai")).toBe("short");
    expect(writeOf("openai", { messages: [] })).toBe("short");
    expect(writeOf("openai", { messages: [], prompt_cache_options: { ttl: "30m" } })).toBe("short");
    expect(writeOf("openai", { messages: [], prompt_cache_options: { ttl: "12h" } })).toBe("long");
  });

  test("is nothing at Gemini, and what it marks at Anthropic", () => {
    expect(writeOf("gemini")).toBeUndefined();
    expect(writeOf("anthropic")).toBeUndefined();
    expect(writeOf("anthropic", { messages: [], max_tokens: 5 })).toBeUndefined();
    expect(writeOf("anthropic", { system: [block()], messages: [] })).toBe("short");
    expect(writeOf("anthropic", { system: [block("1h"), block("5m")], messages: [] })).toBe("long");
    expect(writeOf("anthropic", { messages: [{ role: "user", content: [block("1h")] }] })).toBe("long");
  });
});

test("the cost of a model nobody knows is not known", () => {
  const { usage } = usageOf("gemini, cached and thought");
  for (const provider of ["openai", "gemini", "anthropic"])
    expect(costOf(usage, priceOf(PRICES, provider, "model-of-next-year", NOW))).toBeNull();
  expect(priceOf(PRICES, "gemini", "gemini-2.5-flash-preview-05-20", NOW)).toBeUndefined();
});
