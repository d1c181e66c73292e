import type { LineForm } from "../answers/lineAnswerer.ts";
import { errorBody } from "./anthropicError.ts";
import { askOf } from "./askOf.ts";
import { messageBody } from "./messageBody.ts";
import { paramsFault } from "./paramsFault.ts";
import type { RequestLine } from "./requestLine.ts";

type LineError = ReturnType<typeof errorBody>;

const line = (customId: string, result: object) => ({ custom_id: customId, result });

/** Lines of the results: https://platform.claude.com/docs/en/api/messages/batches/results */
export function anthropicForm(isKnownModel: (model: string) => boolean): LineForm<RequestLine, LineError> {
  return {
    errorsApart: false,
    refusalOf({ content }) {
      const { model } = content;
      if (typeof model === "string" && !isKnownModel(model))
        return errorBody("not_found_error", `model: ${model}`);
      const message = paramsFault(content);
      return message === null ? null : errorBody("invalid_request_error", message);
    },
    errorOf(answer) {
      if (answer === "error_400") return errorBody("invalid_request_error", "The request is not valid.");
      if (answer === "error_429")
        return errorBody("rate_limit_error", "This request would exceed your organization's rate limit.");
      return answer === "error_500" ? errorBody("api_error", "Internal server error") : null;
    },
    askOf: ({ content }) => askOf(content),
    answered: ({ customId, content }, draft, id) =>
      line(customId, { type: "succeeded", message: messageBody(content, draft, id) }),
    failed: ({ customId }, error, id) =>
      line(customId, { type: "errored", error: { ...error, request_id: `req_01${id.slice(0, 22)}` } }),
    unfinished: ({ customId }, why) => line(customId, { type: why === "cancelled" ? "canceled" : "expired" }),
    renamed: (record, customId) => ({ ...record, custom_id: customId }),
  };
}
