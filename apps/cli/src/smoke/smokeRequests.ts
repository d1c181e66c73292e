import type { SubmitData } from "@granary/domain";
import { submitData } from "@granary/domain";

/** Whose requests these are. */
export const SMOKE_SOURCE = "smoke";

/** Models that think before they answer take most of it. */
const MOST_TOKENS = 2_000;
const params = { maxTokens: MOST_TOKENS };

/** What a smoke test is run on. */
export interface SmokeTarget {
  readonly provider: string;
  /** Its name at the provider: its id without the provider's. */
  readonly account: string;
  readonly model: string;
  /** Makes the requests' ids ones of their own. */
  readonly run: string;
}

/**
 * Two requests of three items in all: plain text, plain text under a system prompt, and a structured answer. Nothing
 * travels twice, so that the cost has a bound.
 */
export function smokeRequests({ provider, account, model, run }: SmokeTarget): readonly SubmitData[] {
  const common = { source: SMOKE_SOURCE, provider, account, model, retry: { maxAttempts: 1 } };
  return [
    submitData.parse({
      ...common,
      requestId: `smoke-${run}-text`,
      items: [
        { key: "text", prompt: "Say hello in one word.", params },
        {
          key: "system",
          system: "You answer in capital letters, with one word.",
          prompt: "What colour is snow?",
          params,
        },
      ],
    }),
    submitData.parse({
      ...common,
      requestId: `smoke-${run}-json`,
      output: {
        type: "json_schema",
        name: "colour",
        schema: {
          type: "object",
          properties: { colour: { type: "string" } },
          required: ["colour"],
          additionalProperties: false,
        },
      },
      items: [{ key: "structured", prompt: "What colour is grass? Answer as JSON.", params }],
    }),
  ];
}
