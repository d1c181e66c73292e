import type { NamedRequest } from "../answers/lineAnswerer.ts";
import type { LineReader } from "../jobs/answerInput.ts";

/** A request of a batch. */
export interface RequestLine extends NamedRequest {
  /** Its params, which nobody has looked at yet. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** Reads lines that were checked when they came: none of them fails the batch. */
export function lineReader(model: string | null): LineReader<RequestLine> {
  return {
    model,
    read(text) {
      const { custom_id: customId, params } = JSON.parse(text ?? "") as {
        custom_id: string;
        params: Record<string, unknown>;
      };
      return { request: { customId, content: params } };
    },
  };
}
