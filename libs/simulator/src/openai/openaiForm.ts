import type { LineForm } from "../answers/lineAnswerer.ts";
import { chatCompletion, responseObject } from "./answerBody.ts";
import { askOf } from "./askOf.ts";
import { bodyFault, type Endpoint } from "./bodyFault.ts";
import type { OpenaiErrorBody } from "./openaiError.ts";
import type { RequestLine } from "./requestLine.ts";

/** An error of one line, which looks like the answer to a call. */
interface LineError {
  readonly status: number;
  readonly error: OpenaiErrorBody["error"];
}

const ERRORS = {
  error_400: [400, "Invalid request.", "invalid_request_error", "invalid_value"],
  error_429: [429, "Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded"],
  error_500: [
    500,
    "The server had an error while processing your request. Sorry about that!",
    "server_error",
    null,
  ],
} as const;

const UNFINISHED = {
  expired: {
    code: "batch_expired",
    message: "This request could not be executed before the completion window expired.",
  },
  cancelled: {
    code: "batch_cancelled",
    message: "This request was not executed because the batch was cancelled.",
  },
};

const line = (request: RequestLine, id: string, response: object | null, error: object | null) => ({
  id: `batch_req_${id}`,
  custom_id: request.customId,
  response,
  error,
});
const respond = (id: string, status: number, body: object) => ({
  status_code: status,
  request_id: `req_${id}`,
  body,
});

/** Lines of the two result files: https://platform.openai.com/docs/api-reference/batch/request-output */
export function openaiForm(endpoint: Endpoint, createdAt: number): LineForm<RequestLine, LineError> {
  const createdSeconds = Math.floor(createdAt / 1_000);
  const bodyOf = endpoint === "/v1/responses" ? responseObject : chatCompletion;
  return {
    errorsApart: true,
    refusalOf({ content }) {
      const error = bodyFault(endpoint, content);
      return error && { status: 400, error };
    },
    errorOf(answer) {
      if (answer !== "error_400" && answer !== "error_429" && answer !== "error_500") return null;
      const [status, message, type, code] = ERRORS[answer];
      return { status, error: { message, type, param: null, code } };
    },
    askOf: ({ content }) => askOf(endpoint, content),
    answered: (request, draft, id) =>
      line(request, id, respond(id, 200, bodyOf(request.content, draft, id, createdSeconds)), null),
    failed: (request, { status, error }, id) => line(request, id, respond(id, status, { error }), null),
    unfinished: (request, why, id) => line(request, id, null, UNFINISHED[why]),
    renamed: (record, customId) => ({ ...record, custom_id: customId }),
  };
}
