import type { LineForm } from "../answers/lineAnswerer.ts";
import type { JobFault } from "../fault.ts";
import { isObject } from "../isObject.ts";
import { generateContentResponse } from "./answerBody.ts";
import { askOf } from "./askOf.ts";
import { requestFault } from "./requestFault.ts";
import type { RequestLine } from "./requestLine.ts";
import { type Status, statusOf } from "./rpcStatus.ts";

const UNFINISHED = {
  expired: statusOf("DEADLINE_EXCEEDED", "The batch expired before this request was processed."),
  cancelled: statusOf("CANCELLED", "The batch was cancelled before this request was processed."),
};

/** Whether a job's answers have their key in `metadata`, as inline ones do, or beside the response, as in files. */
export function keyInMetadata(inline: boolean, faults: readonly JobFault[]): boolean {
  return inline !== faults.some(({ what }) => what === "key_elsewhere");
}

/** Answers as they stand in a result file or inline: https://ai.google.dev/gemini-api/docs/batch-api#retrieve-results */
export function geminiForm(model: string, inMetadata: boolean): LineForm<RequestLine, Status> {
  const keyed = (key: string | null, told: object) => {
    if (key === null) return told;
    return inMetadata ? { ...told, metadata: { key } } : { key, ...told };
  };
  return {
    errorsApart: false,
    refusalOf({ content, fault }) {
      const message = fault ?? requestFault(content, model);
      return message === null ? null : statusOf("INVALID_ARGUMENT", message);
    },
    errorOf(answer) {
      if (answer === "error_400")
        return statusOf("INVALID_ARGUMENT", "Request contains an invalid argument.");
      if (answer === "error_429")
        return statusOf("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).");
      if (answer === "error_500")
        return statusOf("INTERNAL", "An internal error has occurred. Please retry.");
      return null;
    },
    askOf: ({ content }) => askOf(content, model),
    answered: ({ key, content }, draft, id) =>
      keyed(key, { response: generateContentResponse(content, model, draft, id) }),
    failed: ({ key }, error) => keyed(key, { error }),
    unfinished: ({ key }, why) => keyed(key, { error: UNFINISHED[why] }),
    renamed(record, customId) {
      const { key: _key, metadata, ...told } = record as Readonly<Record<string, unknown>>;
      return keyed(customId, isObject(metadata) ? { ...told, metadata } : told);
    },
  };
}
