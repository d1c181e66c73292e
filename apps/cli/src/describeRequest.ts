import type { RequestDoc } from "@granary/domain";
import { modeOf, totalOf } from "@granary/domain";
import { count, duration, instant, money } from "./terminal/format.ts";

/** A request for `--json`: all of it but its input and its inline results. */
export function requestSummary(request: RequestDoc) {
  const { id, source, requestId, state, result, provider, account, model, endpoint, priority } = request;
  const { itemCount, counts, costMicros, estimateMicros, usage, revision, parent, metadata } = request;
  const { acceptedAt, endedAt, deadlineAt, waitsFor, lastError, end } = request;
  const { exportedAt = null, purged = null } = request;
  return {
    id,
    source,
    requestId,
    state,
    result,
    provider,
    account,
    mode: modeOf(account),
    model,
    endpoint,
    priority,
    items: itemCount,
    counts,
    costMicros,
    estimateMicros,
    usage,
    revision,
    parent,
    metadata,
    acceptedAt,
    endedAt,
    deadlineAt,
    waitsFor,
    lastError,
    end,
    exportedAt,
    purged,
    results:
      request.results === null
        ? null
        : "inline" in request.results
          ? { inline: request.results.inline.length }
          : request.results,
  };
}

export const RESULT_HEAD = [
  "request",
  "result",
  "items",
  "succeeded",
  "failed",
  "expired",
  "cancelled",
  "tokens in/out",
  "cost",
  "took",
] as const;

/** A request's row under RESULT_HEAD. */
export function resultRow(request: RequestDoc): readonly string[] {
  const { counts, usage, acceptedAt, endedAt } = request;
  return [
    request.requestId,
    request.result ?? request.state,
    count(request.itemCount),
    count(counts?.succeeded ?? 0),
    failedText(request),
    count(counts?.expired ?? 0),
    count(counts?.cancelled ?? 0),
    usage ? `${count(usage.inputTokens)} / ${count(usage.outputTokens)}` : "-",
    counts ? money(request.costMicros) : "-",
    endedAt === null ? "-" : duration(endedAt - acceptedAt),
  ];
}

function failedText({ counts }: RequestDoc): string {
  if (!counts || counts.failed === 0) return "0";
  const reasons = Object.entries(counts.byReason).map(([reason, number]) => `${reason} ${number}`);
  return `${count(counts.failed)} (${reasons.join(", ")})`;
}

/** A request in lines of text. */
export function requestLines(request: RequestDoc): readonly string[] {
  const { counts } = request;
  const facts: readonly (readonly [string, string | null])[] = [
    ["request", `${request.requestId} (source ${request.source}, ${request.id})`],
    ["state", request.result ? `${request.state}: ${request.result}` : request.state],
    ["account", `${request.account} (${modeOf(request.account)}), ${request.model}, ${request.endpoint}`],
    ["items", `${count(request.itemCount)}${counts ? `, ${count(totalOf(counts))} ended` : ""}`],
    ["succeeded", counts ? count(counts.succeeded) : null],
    ["failed", counts ? failedText(request) : null],
    ["expired", counts ? count(counts.expired) : null],
    ["cancelled", counts ? count(counts.cancelled) : null],
    ["cost", counts ? money(request.costMicros) : `at most ${money(request.estimateMicros)}`],
    ["accepted", instant(request.acceptedAt)],
    ["deadline", request.deadlineAt === null ? null : instant(request.deadlineAt)],
    [
      "ended",
      request.endedAt === null
        ? null
        : `${instant(request.endedAt)}, after ${duration(request.endedAt - request.acceptedAt)}`,
    ],
    ["parent", request.parent],
    ["adopts", request.adopts?.jobId ?? null],
    ["revision", request.revision === 0 ? null : String(request.revision)],
    ["exported", request.exportedAt === undefined ? null : instant(request.exportedAt)],
    [
      "purged",
      request.purged === undefined
        ? null
        : `${request.purged.what.join(", ")}: ${request.purged.doneAt === null ? `begun ${instant(request.purged.at)}, not finished` : instant(request.purged.doneAt)}`,
    ],
    ["ended by", request.end ? `${request.end.why}, asked ${instant(request.end.at)}` : null],
    ["error", request.lastError ? `${request.lastError.code}: ${request.lastError.message}` : null],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(10)} ${value}`]));
}
