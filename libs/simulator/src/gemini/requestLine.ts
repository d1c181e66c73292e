import type { NamedRequest } from "../answers/lineAnswerer.ts";
import { isObject } from "../isObject.ts";
import type { LineReader } from "../jobs/answerInput.ts";
import type { JobError } from "../ledgerRecord.ts";
import { readFields, UnknownField } from "./fields.ts";
import { readRequest } from "./readRequest.ts";

/** A line of a batch's input. Without a key its answer has none either. */
export interface RequestLine extends NamedRequest {
  readonly key: string | null;
  readonly content: Readonly<Record<string, unknown>>;
  /** A field the API has not: the line's own error. */
  readonly fault: string | null;
}

function readContent(parsed: Record<string, unknown>): Pick<RequestLine, "content" | "fault"> {
  const request = isObject(parsed["request"]) ? parsed["request"] : {};
  try {
    readFields(parsed, "line", "");
    return { content: readRequest(request, "request"), fault: null };
  } catch (error) {
    if (error instanceof UnknownField) return { content: request, fault: error.message };
    throw error;
  }
}

/**
 * Reads lines `{key, request}`, or `{request, metadata: {key}}` as they come inline. A line that is no JSON, has no
 * request, or a key that came before, fails the whole batch: https://ai.google.dev/gemini-api/docs/batch-api#input-file
 */
export function lineReader(model: string): LineReader<RequestLine> {
  const keys = new Set<string>();
  return {
    model,
    read(text, line) {
      const refuse = (message: string): { error: JobError } => ({
        error: { code: "INVALID_ARGUMENT", message: `Line ${line}: ${message}`, line, param: null },
      });
      let parsed: unknown;
      try {
        parsed = text === null ? undefined : JSON.parse(text);
      } catch {
        parsed = undefined;
      }
      if (!isObject(parsed)) return refuse("it could not be parsed as JSON.");
      if (!isObject(parsed["request"])) return refuse("it has no request.");
      const metadata = isObject(parsed["metadata"]) ? parsed["metadata"] : {};
      const key = parsed["key"] ?? metadata["key"] ?? null;
      if (key !== null && typeof key !== "string") return refuse("its key is no string.");
      if (key !== null && keys.has(key)) return refuse(`the key '${key}' has come before.`);
      if (key !== null) keys.add(key);
      return { request: { customId: key ?? `line-${line}`, key, ...readContent(parsed) } };
    },
  };
}
