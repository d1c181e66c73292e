import { z } from "zod";
import { isShallow, TOO_DEEP } from "./nesting.ts";

/** An object of any content that can be written again. */
export const anyObject = z
  .record(z.string(), z.unknown())
  .refine((value) => isShallow(value), { error: TOO_DEEP });

/** One turn of a conversation. */
export const message = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string(),
});

/** Sampling parameters in one vocabulary; each provider's adapter maps them, or names those it does not know. */
export const params = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  maxTokens: z.number().int().positive().optional(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)]).optional(),
  seed: z.number().int().optional(),
});
export type Params = z.infer<typeof params>;

const key = z.string().min(1).max(512);

/** One LLM call. Exactly one of `prompt`, `messages` and `body`. */
export const item = z
  .strictObject({
    /** The caller's own id, unique in the request. It never leaves this system. */
    key,
    prompt: z.string().min(1).optional(),
    messages: z.array(message).min(1).optional(),
    /** The provider's own request body, passed as it is. */
    body: anyObject.optional(),
    system: z.string().min(1).optional(),
    params: params.optional(),
  })
  .superRefine((value, context) => {
    const given = (["prompt", "messages", "body"] as const).filter((name) => value[name] !== undefined);
    if (given.length !== 1)
      context.addIssue({
        code: "custom",
        message: `give exactly one of prompt, messages and body${given.length ? `, not ${given.join(" and ")}` : ""}`,
      });
    if (value.body && (value.system !== undefined || value.params !== undefined))
      context.addIssue({
        code: "custom",
        message: "body is passed as it is: put system and params inside it",
      });
  });
export type Item = z.infer<typeof item>;

/** What an answer must look like. */
export const output = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "a name of 1 to 64 of A-Z, a-z, 0-9, _ and -")
      .default("answer"),
    schema: anyObject,
  }),
]);
export type Output = z.infer<typeof output>;

/** How often an item travels at most, the first time included. */
export const retryPolicy = z.strictObject({
  maxAttempts: z.number().int().min(1).max(10).default(3),
  /** Wait before an item travels again, in milliseconds; doubles with each attempt. */
  backoffMs: z.number().int().min(0).max(86_400_000).default(0),
});
export type RetryPolicy = z.infer<typeof retryPolicy>;
