import type { JobFault } from "../fault.ts";
import type { Charge } from "../ledgerRecord.ts";
import type { LineAnswer, Scenario } from "../scenario.ts";
import { hexOf, seededNumbers, unitOf } from "../seeded.ts";
import { chatCompletion, responseObject } from "./answerBody.ts";
import { type Attempts, contentKey } from "./attempts.ts";
import { bodyFault, type Endpoint } from "./bodyFault.ts";
import { disturbedLine } from "./disturbedLine.ts";
import { draftOf, systemOf } from "./drafts.ts";
import type { RequestLine } from "./requestLine.ts";

/** The lines that answer one request: usually one, in one of the two files. */
export interface AnsweredLine {
  readonly output: readonly string[];
  readonly errors: readonly string[];
}

/** Answers a job's lines in their order, and adds up what that costs. */
export interface LineAnswerer {
  answer(request: RequestLine, text: string): AnsweredLine;
  unfinished(request: RequestLine): AnsweredLine;
  readonly counts: { readonly completed: number; readonly failed: number };
  readonly charge: Charge;
  readonly struck: readonly string[];
}

const PROVIDER_ERRORS = {
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
  batch_expired: "This request could not be executed before the completion window expired.",
  batch_cancelled: "This request was not executed because the batch was cancelled.",
};

/** An answerer for one job. It answers the same lines in the same way whenever it is asked. */
export function lineAnswerer(job: {
  readonly jobId: string;
  readonly createdAt: number;
  readonly endpoint: Endpoint;
  readonly scenario: Scenario;
  readonly faults: readonly JobFault[];
  readonly unfinished: keyof typeof UNFINISHED;
  readonly attempts: Attempts;
}): LineAnswerer {
  const { scenario, endpoint, faults } = job;
  const { seed } = scenario;
  const rates = Object.entries(scenario.rates).filter(([, rate]) => rate > 0) as [LineAnswer, number][];
  const allFail = faults.some(({ what }) => what === "all_lines_fail");
  const createdSeconds = Math.floor(job.createdAt / 1_000);
  const struck: string[] = [];
  const charge = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const counts = { completed: 0, failed: 0 };
  let systemBefore: string | null = null;
  let written = 0;

  function chosenAnswer(
    request: RequestLine,
    text: string,
  ): { answer: LineAnswer | null; text: string | null } {
    if (allFail) return { answer: "error_500", text: null };
    for (const [index, rule] of scenario.lines.entries()) {
      if (!text.includes(rule.contains)) continue;
      if (rule.times !== undefined) {
        const key = contentKey(index, request.body);
        if (job.attempts.count(key) >= rule.times) continue;
        struck.push(key);
      }
      return { answer: rule.answer, text: rule.answer === "text" ? (rule.text ?? "") : null };
    }
    let drawn = rates.length > 0 ? unitOf(`${seed}:rate:${request.customId}`) : 1;
    for (const [answer, rate] of rates) {
      if (drawn < rate) return { answer, text: null };
      drawn -= rate;
    }
    return { answer: null, text: null };
  }

  const disturbed = (record: object, answer: LineAnswer | null) =>
    disturbedLine(record, written++, answer, faults);

  function failed(request: RequestLine, id: string, response: object | null, error: object | null) {
    counts.failed += 1;
    return { id: `batch_req_${id}`, custom_id: request.customId, response, error };
  }

  return {
    counts,
    charge,
    struck,
    answer(request, text) {
      const id = hexOf(`${seed}:${job.jobId}:${request.customId}`);
      const respond = (status: number, body: object) => ({
        status_code: status,
        request_id: `req_${id}`,
        body,
      });
      const refused = bodyFault(endpoint, request.body);
      const chosen = refused ? { answer: null, text: null } : chosenAnswer(request, text);
      const { answer } = chosen;
      if (refused || answer === "error_400" || answer === "error_429" || answer === "error_500") {
        const [status, message, type, code] =
          PROVIDER_ERRORS[(answer ?? "error_400") as keyof typeof PROVIDER_ERRORS];
        const error = refused ?? { message, type, param: null, code };
        return {
          output: [],
          errors: disturbed(failed(request, id, respond(status, { error }), null), answer),
        };
      }
      const draft = draftOf(request.body, {
        endpoint,
        answer,
        text: chosen.text,
        ...scenario.answers,
        next: seededNumbers(`${seed}:${request.customId}:${text.length}`),
        systemBefore,
      });
      systemBefore = systemOf(request.body);
      counts.completed += 1;
      charge.inputTokens += draft.usage.inputTokens;
      charge.cachedTokens += draft.usage.cachedTokens;
      charge.outputTokens += draft.usage.outputTokens;
      charge.reasoningTokens += draft.usage.reasoningTokens;
      const form = endpoint === "/v1/responses" ? responseObject : chatCompletion;
      const record = {
        id: `batch_req_${id}`,
        custom_id: request.customId,
        response: respond(200, form(request.body, draft, id, createdSeconds)),
        error: null,
      };
      return { output: disturbed(record, answer), errors: [] };
    },
    unfinished(request) {
      const id = hexOf(`${seed}:${job.jobId}:${request.customId}`);
      const error = { code: job.unfinished, message: UNFINISHED[job.unfinished] };
      return { output: [], errors: [JSON.stringify(failed(request, id, null, error))] };
    },
  };
}
