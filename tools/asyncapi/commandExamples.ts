/** A command of each type, as a caller may send it. */
import { createHash } from "node:crypto";
import type { CommandType } from "../../libs/domain/src/commands.ts";

const which = { source: "crm", requestId: "nightly-2026-11-25" };
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** What the example of a large input says it is. */
const INPUT_SHA256 = createHash("sha256").update("an input").digest("hex");

/** An example, and what it shows. */
export interface CommandExample {
  readonly name: string;
  readonly summary: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Examples of each command's data. */
export const COMMAND_EXAMPLES: { readonly [T in CommandType]: readonly CommandExample[] } = {
  submit: [
    {
      name: "inline",
      summary: "Two items, inline, with a schema for their answers",
      data: {
        ...which,
        provider: "openai",
        model: "gpt-4o-mini",
        output: {
          type: "json_schema",
          name: "sentiment",
          schema: {
            type: "object",
            properties: { sentiment: { type: "string", enum: ["good", "bad"] } },
            required: ["sentiment"],
            additionalProperties: false,
          },
        },
        deadline: "20h",
        maxCostUsd: 2.5,
        metadata: { workflow: "reviews", run: 7 },
        traceparent: TRACEPARENT,
        items: [
          { key: "review-1", system: "Judge the review.", prompt: "It broke on the first day." },
          { key: "review-2", messages: [{ role: "user", content: "Would buy it again." }] },
        ],
      },
    },
    {
      name: "by reference",
      summary: "As many items as one likes, in an entry of a NATS object store",
      data: {
        ...which,
        provider: "gemini",
        account: "eu",
        model: "gemini-2.5-flash",
        retry: { maxAttempts: 2, backoffMs: 60_000 },
        itemsRef: { bucket: "crm-inputs", object: "nightly-2026-11-25.jsonl", sha256: INPUT_SHA256 },
      },
    },
  ],
  adopt: [
    {
      name: "a script's job",
      summary: "Takes over a job that a script created, with the file it was made of",
      data: {
        source: "crm",
        provider: "openai",
        jobId: "batch_6834f1c2",
        model: "gpt-4o-mini",
        itemsRef: { path: "uploads/batch_6834f1c2.jsonl", sha256: INPUT_SHA256 },
      },
    },
  ],
  cancel: [{ name: "cancel", summary: "Ends a request; what is delivered by then stands", data: which }],
  retry: [
    {
      name: "what failed",
      summary: "A new request of the items whose answers were cut off or came too late",
      data: {
        ...which,
        newRequestId: "nightly-2026-11-25-again",
        only: ["failed", "expired"],
        reasons: ["truncated"],
      },
    },
  ],
  poll: [
    { name: "a request", summary: "Looks at every job of a request now", data: which },
    { name: "a task", summary: "Looks at one job now", data: { taskId: "gr7k2p-abcdefghij234567klmn" } },
  ],
};
