import type { Price, PriceTier, Rates } from "@granary/domain";
import { z } from "zod";
import { PROVIDERS } from "./providerVariables.ts";
import { countValue } from "./values.ts";
import { defined } from "./accountConfig.ts";

const dollars = z.number().nonnegative();

const rates = {
  input: dollars.describe("US dollars a million input tokens"),
  cachedInput: dollars
    .optional()
    .describe("the same of tokens from the prompt cache; `input` where left out"),
  batchCachedInput: dollars
    .optional()
    .describe("what those cost in a batch, where it is not `batch` of `cachedInput`"),
  cacheWrite: dollars
    .optional()
    .describe("US dollars a million tokens written to the prompt cache; `input` where left out"),
  longCacheWrite: dollars
    .optional()
    .describe("the same of those kept for the longer time; not known where only `cacheWrite` is given"),
  output: dollars.describe("US dollars a million output tokens"),
};

const tier = z.strictObject({
  aboveTokens: countValue.describe("input tokens of an answer beyond which all of its tokens cost this"),
  ...rates,
});

/** A row of the file's `prices`. */
export const filePrice = z.strictObject({
  provider: z.enum(PROVIDERS, "openai, gemini or anthropic").describe("whose model it is"),
  account: z
    .string()
    .min(1)
    .optional()
    .describe("name of the only account that pays it; all of the provider's where left out"),
  model: z
    .string()
    .min(1)
    .max(128)
    .describe("name of the model; its rows here take the place of all that are built in"),
  ...rates,
  batch: z.number().positive().max(1).default(0.5).describe("share of the list price that a batch pays"),
  tiers: z
    .array(tier)
    .optional()
    .superRefine((tiers = [], context) => {
      for (const [index, { aboveTokens }] of tiers.entries())
        if (index > 0 && aboveTokens <= tiers[index - 1]!.aboveTokens)
          context.addIssue({
            code: "custom",
            path: [index, "aboveTokens"],
            message: "must be more than that of the tier before it",
          });
    }),
  asOf: z.iso
    .date("a day such as 2025-04-14")
    .describe("since when it holds, a UTC day: a model may have several rows"),
  source: z.string().min(1).default("configuration").describe("where it was read"),
});

/** The file's `prices`. A model may have several rows, each with a day of its own. */
export const filePrices = z
  .array(filePrice)
  .default([])
  .superRefine((rows, context) => {
    const seen = new Set<string>();
    for (const [index, { provider, account = "", model, asOf }] of rows.entries()) {
      const key = `${provider}:${account}/${model}/${asOf}`;
      if (seen.has(key))
        context.addIssue({
          code: "custom",
          path: [index, "asOf"],
          message: `${model} has another price of the same day`,
        });
      seen.add(key);
    }
  });

/** A row as the steps read it. */
export function toPrice({
  provider,
  account,
  model,
  batch,
  tiers,
  asOf,
  source,
  ...own
}: z.infer<typeof filePrice>): Price {
  return {
    provider,
    ...(account === undefined ? {} : { account: `${provider}:${account}` }),
    model,
    ...toRates(own),
    batch,
    ...(tiers && tiers.length > 0 ? { tiers: tiers.map(toTier) } : {}),
    asOf,
    source,
  };
}

function toTier({ aboveTokens, ...own }: z.infer<typeof tier>): PriceTier {
  return { aboveTokens, ...toRates(own) };
}

function toRates(own: Omit<z.infer<typeof tier>, "aboveTokens">): Rates {
  const { input, cachedInput = input, output, ...rest } = own;
  return { input, cachedInput, ...defined(rest), output };
}
