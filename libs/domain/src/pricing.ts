import type { Usage } from "./outcome.ts";

/** US dollars a million tokens, before the batch discount. */
export interface Rates {
  /** Of input that was neither read from the prompt cache nor written to it. */
  readonly input: number;
  readonly cachedInput: number;
  /** The price of cached input in a batch, where that is not `batch` of `cachedInput`. */
  readonly batchCachedInput?: number;
  /** Of input that is written to the cache; `input` where left out. */
  readonly cacheWrite?: number;
  /** Of input that is kept there for the longer time. Where it is left out and `cacheWrite` is not, it is not known. */
  readonly longCacheWrite?: number;
  /** Reasoning is part of it. */
  readonly output: number;
}

/** What every token of an answer costs whose input is longer than `aboveTokens`. */
export interface PriceTier extends Rates {
  readonly aboveTokens: number;
}

/** What a model's tokens cost. */
export interface Price extends Rates {
  readonly provider: string;
  /** The only account that pays it, by id; where left out, all of the provider's that have no price of their own. */
  readonly account?: string;
  readonly model: string;
  /** Share of the list price a batch pays, such as 0.5. */
  readonly batch: number;
  /** By `aboveTokens`, lowest first. */
  readonly tiers?: readonly PriceTier[];
  /** UTC day from which it holds, or on which it was read. */
  readonly asOf: string;
  readonly source: string;
}

/** What an item may use at most. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
  /** Whether its input may be written to the provider's cache, and for how long; nothing is where left out. */
  readonly cacheWrite?: "short" | "long";
}

/**
 * The price of a model at an instant, or undefined where none is known: of several rows the one that began last, or
 * the first where none has begun. A dated snapshot (`-2025-04-14`, `-20251001`) and a numbered one (`-001`) have the
 * price of their family unless they have rows of their own. A preview has not: its price is often another one. What an
 * account pays by itself goes before what its provider's accounts pay.
 */
export function priceOf(
  prices: readonly Price[],
  provider: string,
  model: string,
  at: number,
  account?: string,
): Price | undefined {
  const own = account === undefined ? [] : prices.filter((row) => row.account === account);
  const all = prices.filter((row) => row.account === undefined && row.provider === provider);
  return priceAmong(own, model, at) ?? priceAmong(all, model, at);
}

function priceAmong(prices: readonly Price[], model: string, at: number): Price | undefined {
  const rowsOf = (name: string) => prices.filter((row) => row.model === name);
  const exact = rowsOf(model);
  const family = model.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3})$/, "");
  return inForce(exact.length > 0 || family === model ? exact : rowsOf(family), at);
}

/** The price a task's job is charged by: that of the day it was submitted. */
export function priceOfTask(
  prices: readonly Price[],
  task: {
    readonly provider: string;
    readonly account: string;
    readonly model: string;
    readonly plannedAt: number | null;
    readonly submittedAt: number | null;
  },
): Price | undefined {
  return priceOf(prices, task.provider, task.model, task.submittedAt ?? task.plannedAt ?? 0, task.account);
}

/** One list out of several: where an earlier one has rows of a model, those of the later ones do not count. */
export function priceList(...lists: readonly (readonly Price[])[]): readonly Price[] {
  const named = new Set<string>();
  return lists.flatMap((list) => {
    const rows = list.filter((row) => !named.has(modelKey(row)));
    for (const row of rows) named.add(modelKey(row));
    return rows;
  });
}

/**
 * Micro-dollars of one answer's usage, rounded half up; null where a price is not known. The answer's input decides
 * the tier.
 */
export function costOf(used: Usage, price: Price | undefined): number | null {
  return price ? costAt(used, price, tierOf(price, used.inputTokens)) : null;
}

/**
 * Micro-dollars of a job, of whose usage only the sum over its answers is known: as if all were of one length. Null
 * where a price is not known.
 */
export function costOfJob(used: Usage, answers: number, price: Price | undefined): number | null {
  return price ? costAt(used, price, tierOf(price, used.inputTokens / Math.max(1, answers))) : null;
}

/**
 * Micro-dollars an item may cost at most by its estimated tokens, rounded up: in the dearest tier its input may reach,
 * and all of it at the dearest of the prices that may apply. Null where a price is not known.
 */
export function estimateMicros(tokens: TokenEstimate, price: Price | undefined): number | null {
  if (!price) return null;
  let most = 0;
  for (const rates of [price, ...tiersBelow(price, tokens.input)]) {
    const { fresh, cached, write, longWrite, output } = picosOf(rates, price.batch);
    if (tokens.cacheWrite === "long" && longWrite === null) return null;
    const input = Math.max(
      fresh,
      cached,
      tokens.cacheWrite ? write : 0,
      tokens.cacheWrite === "long" ? (longWrite ?? 0) : 0,
    );
    most = Math.max(most, tokens.input * input + tokens.output * output);
  }
  return Math.ceil(most / PICOS_A_MICRO);
}

const PICOS_A_MICRO = 1_000_000;

function inForce(rows: readonly Price[], at: number): Price | undefined {
  const byDay = rows.toSorted((a, b) => Date.parse(a.asOf) - Date.parse(b.asOf));
  return byDay.findLast(({ asOf }) => Date.parse(asOf) <= at) ?? byDay[0];
}

function modelKey({ provider, account, model }: Price): string {
  return `${account ?? provider}/${model}`;
}

/** The tiers whose price an answer pays that is at most this long, or may pay. */
function tiersBelow({ tiers = [] }: Price, inputTokens: number): readonly PriceTier[] {
  return tiers.filter(({ aboveTokens }) => inputTokens > aboveTokens);
}

function tierOf(price: Price, inputTokens: number): Rates {
  return tiersBelow(price, inputTokens).at(-1) ?? price;
}

function costAt(used: Usage, { batch }: Price, rates: Rates): number | null {
  const { inputTokens, cachedTokens, cacheWriteTokens = 0, longCacheWriteTokens = 0, outputTokens } = used;
  const { fresh, cached, write, longWrite, output } = picosOf(rates, batch);
  if (longCacheWriteTokens > 0 && longWrite === null) return null;
  const short = Math.max(0, cacheWriteTokens - longCacheWriteTokens);
  const rest = Math.max(0, inputTokens - cachedTokens - short - longCacheWriteTokens);
  const picos =
    rest * fresh +
    cachedTokens * cached +
    short * write +
    longCacheWriteTokens * (longWrite ?? 0) +
    outputTokens * output;
  return Math.round(picos / PICOS_A_MICRO);
}

/** Pico-dollars a token in a batch, whole: so that sums are exact, and whoever repeats them comes to the same micro-dollar. */
function picosOf(rates: Rates, batch: number) {
  const { input, cachedInput, batchCachedInput, cacheWrite, longCacheWrite, output } = rates;
  const ofList = (dollars: number) => Math.round(dollars * batch * PICOS_A_MICRO);
  const long = longCacheWrite ?? (cacheWrite === undefined ? input : null);
  return {
    fresh: ofList(input),
    cached:
      batchCachedInput === undefined ? ofList(cachedInput) : Math.round(batchCachedInput * PICOS_A_MICRO),
    write: ofList(cacheWrite ?? input),
    longWrite: long === null ? null : ofList(long),
    output: ofList(output),
  };
}
