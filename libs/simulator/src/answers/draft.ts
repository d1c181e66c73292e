import type { LineAnswer } from "../scenario.ts";
import { schemaInstance } from "./schemaInstance.ts";
import { tokensOf, wordsOf } from "./words.ts";

type Schema = Readonly<Record<string, unknown>>;

/** What a request asks of the model, whatever its provider. */
export interface Ask {
  readonly inputTokens: number;
  /** The system prompt, as text; empty where there is none. */
  readonly system: string;
  /**
   * Whether beginnings of prompts are cached by themselves, only because the request marks them, or never. What is
   * cached by itself may be charged for as it is written; a mark may ask for the longer time.
   */
  readonly caching: "implicit" | "implicit charged" | "marked" | "marked long" | "none";
  /** The JSON Schema of the answer; null for free text. */
  readonly schema: Schema | null;
  /** The function the request forces the model to call. */
  readonly tool: { readonly name: string; readonly parameters: Schema } | null;
  /** One text or several at which the answer ends. */
  readonly stop: unknown;
  /** Most tokens of an answer; Infinity where it is not limited. */
  readonly limit: number;
  readonly copies: number;
  /** Whether the model thinks before it answers. */
  readonly thinks: boolean;
  /** Whether a refusal is told in words; otherwise the prompt is blocked, and nothing is said or thought. */
  readonly refusesInWords: boolean;
}

/** What the model says to one request, before it is put into its provider's form. */
export interface Draft {
  readonly finish: "stop" | "length" | "refusal" | "content_filter" | "tool_calls";
  readonly text: string;
  /** The function it calls instead of answering, with its arguments in `text`. */
  readonly tool: string | null;
  /** The text at which the answer was made to end. */
  readonly stoppedBy: string | null;
  readonly usage: {
    readonly inputTokens: number;
    readonly cachedTokens: number;
    readonly cacheWriteTokens: number;
    /** Part of those that were written. */
    readonly longCacheWriteTokens: number;
    readonly outputTokens: number;
    readonly reasoningTokens: number;
  };
}

/** What a draft depends on besides the request. */
export interface DraftContext {
  /** How the line is to be answered; null: properly. */
  readonly answer: LineAnswer | null;
  readonly text: string | null;
  readonly minTokens: number;
  readonly maxTokens: number;
  readonly next: () => number;
  /** The system prompt of the line before: what is shared with it counts as cached. */
  readonly systemBefore: string | null;
}

function cutAtStop(text: string, stop: unknown): { text: string; stoppedBy: string | null } {
  let cut = text;
  let stoppedBy: string | null = null;
  for (const mark of Array.isArray(stop) ? stop : [stop])
    if (typeof mark === "string" && mark !== "" && cut.includes(mark)) {
      cut = cut.slice(0, cut.indexOf(mark));
      stoppedBy = mark;
    }
  return { text: cut, stoppedBy };
}

/** Prompts from 1,024 tokens on are cached by their beginning; where that is not asked for, in steps of 128. */
function cacheOf(ask: Ask, systemBefore: string | null): { cached: number; written: number } {
  const beginning = ask.system === "" ? 0 : Math.min(ask.inputTokens, tokensOf(ask.system));
  if (beginning < 1_024 || ask.caching === "none") return { cached: 0, written: 0 };
  const known = ask.system === systemBefore;
  const isMarked = ask.caching === "marked" || ask.caching === "marked long";
  const steps = isMarked ? beginning : beginning - (beginning % 128);
  if (known) return { cached: steps, written: 0 };
  return { cached: 0, written: ask.caching === "implicit" ? 0 : steps };
}

/** Decides what is said to a request, and what it uses. The same request and numbers give the same draft. */
export function draftOf(ask: Ask, context: DraftContext): Draft {
  const { answer, next, minTokens, maxTokens } = context;
  const { schema, tool, limit } = ask;
  const { cached, written } = cacheOf(ask, context.systemBefore);

  let { text } = context;
  if (text === null) {
    if (tool) text = JSON.stringify(schemaInstance(tool.parameters, next));
    else if (schema) text = JSON.stringify(schemaInstance(schema, next));
    else text = wordsOf(minTokens + Math.floor(next() * (maxTokens - minTokens + 1)), next);
  }
  let stoppedBy: string | null = null;
  if (!schema && !tool) ({ text, stoppedBy } = cutAtStop(text, ask.stop));
  let finish: Draft["finish"] = tool ? "tool_calls" : "stop";
  if (answer === "invalid_json") text = `{"unfinished": ${text.slice(0, Math.ceil(text.length / 2))}`;
  if (answer === "invalid_schema") text = '{"unexpected":true}';
  if (answer === "refusal") {
    text = ask.refusesInWords ? "I'm sorry, but I can't help with that." : "";
    finish = "refusal";
  }
  if (answer === "content_filter") {
    text = "";
    finish = "content_filter";
  }
  const cap = answer === "length" ? Math.max(1, Math.min(limit, Math.floor(tokensOf(text) / 2))) : limit;
  if (finish !== "refusal" && tokensOf(text) > cap) {
    text = text.slice(0, Math.min(cap * 4, text.length - 1));
    finish = "length";
  }
  const blocked = finish === "refusal" && !ask.refusesInWords;
  const thought = ask.thinks && !blocked ? 16 + Math.floor(next() * 48) : 0;
  const spoken = tokensOf(text);
  const reasoning = Math.min(thought, Math.max(0, limit - spoken));
  return {
    finish,
    text,
    tool: tool && finish !== "refusal" && finish !== "content_filter" ? tool.name : null,
    stoppedBy: finish === "stop" ? stoppedBy : null,
    usage: {
      inputTokens: ask.inputTokens,
      cachedTokens: cached,
      cacheWriteTokens: written,
      longCacheWriteTokens: ask.caching === "marked long" ? written : 0,
      outputTokens: (spoken + reasoning) * ask.copies,
      reasoningTokens: reasoning * ask.copies,
    },
  };
}
