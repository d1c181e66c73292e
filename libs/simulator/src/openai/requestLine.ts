import type { NamedRequest } from "../answers/lineAnswerer.ts";
import { isObject } from "../isObject.ts";
import type { LineReader } from "../jobs/answerInput.ts";

/** A well-formed line of a batch's input. */
export interface RequestLine extends NamedRequest {
  readonly model: string;
  /** The body of the request. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** What one job's lines have in common, gathered while they are read. */
export interface InputRules {
  /** The batch's endpoint, as its create named it. */
  readonly path: string;
  readonly isKnownModel: (model: string) => boolean;
}

/**
 * Reads lines as the API validates them before a batch starts: JSON, a custom id that is unique, POST, the batch's
 * own endpoint, one known model for all. https://platform.openai.com/docs/guides/batch#1-prepare-your-batch-file
 */
export function lineReader({ path, isKnownModel }: InputRules): LineReader<RequestLine> {
  const customIds = new Set<string>();
  let model: string | null = null;
  return {
    get model() {
      return model;
    },
    read(text, line) {
      const refuse = (code: string, message: string, param: string | null = null) => ({
        error: { code, message, line, param },
      });
      let parsed: unknown;
      try {
        parsed = text === null ? undefined : JSON.parse(text);
      } catch {
        parsed = undefined;
      }
      if (!isObject(parsed)) return refuse("invalid_json_line", "This line is not parseable as valid JSON.");
      for (const param of ["custom_id", "method", "url", "body"])
        if (parsed[param] === undefined || parsed[param] === null)
          return refuse("missing_required_parameter", `Missing required parameter: '${param}'.`, param);
      const { custom_id: customId, method, url, body } = parsed;
      if (typeof customId !== "string" || customId === "")
        return refuse("invalid_type", "Invalid type for 'custom_id': expected a string.", "custom_id");
      if (customIds.has(customId))
        return refuse(
          "duplicate_custom_id",
          `The custom_id '${customId}' appears more than once in this batch. Custom ids must be unique.`,
          "custom_id",
        );
      customIds.add(customId);
      if (method !== "POST")
        return refuse(
          "invalid_method",
          `Invalid method '${String(method)}'. Only POST is supported.`,
          "method",
        );
      if (url !== path)
        return refuse(
          "mismatched_url",
          `The URL '${String(url)}' does not match the batch's endpoint '${path}'.`,
          "url",
        );
      if (!isObject(body))
        return refuse("invalid_type", "Invalid type for 'body': expected an object.", "body");
      if (typeof body["model"] !== "string")
        return refuse(
          "missing_required_parameter",
          "Missing required parameter: 'body.model'.",
          "body.model",
        );
      if (!isKnownModel(body["model"]))
        return refuse(
          "model_not_found",
          `The provided model '${body["model"]}' is not supported by the Batch API.`,
          "body.model",
        );
      model ??= body["model"];
      if (body["model"] !== model)
        return refuse(
          "model_mismatch",
          `The model '${body["model"]}' does not match '${model}' of the lines before. All requests of a batch must have the same model.`,
          "body.model",
        );
      return { request: { customId, model, content: body } };
    },
  };
}
