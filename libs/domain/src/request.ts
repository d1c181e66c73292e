/** The life of a request: what each command leads to in each state. */
import type { LastError, RequestDoc, RequestResult, Results, WaitsFor } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import type { FactBody } from "./facts.ts";
import type { Counts, Usage } from "./outcome.ts";
import { totalOf } from "./outcome.ts";
import type { Change } from "./taskEvolve.ts";

/** What a closed request adds up to. */
export interface Totals {
  readonly counts: Counts;
  readonly costMicros: number | null;
  readonly usage: Usage;
  /** Whether a deadline or a time-out of ours cut any slice. */
  readonly cutByUs: boolean;
}

export type RequestCommand =
  /** Its slices are in. */
  | { readonly type: "open" }
  /** No slice is open any more. */
  | { readonly type: "close" }
  | { readonly type: "hold"; readonly waitsFor: WaitsFor; readonly error: LastError }
  | {
      readonly type: "complete";
      readonly at: number;
      readonly totals: Totals;
      readonly results: Results;
    }
  | {
      readonly type: "revise";
      /** Higher than the request's own. */
      readonly revision: number;
      /** The replay that brings it, as `<task>:<n>`. */
      readonly replay: string;
      readonly totals: Totals;
      readonly results: Results;
    };

export type RequestEvent =
  | { readonly type: "opened" }
  | { readonly type: "closing" }
  | { readonly type: "held"; readonly waitsFor: WaitsFor; readonly error: LastError }
  | {
      readonly type: "completed";
      readonly at: number;
      readonly result: RequestResult;
      readonly totals: Totals;
      readonly results: Results;
    }
  | {
      readonly type: "revised";
      readonly revision: number;
      readonly replay: string;
      readonly result: RequestResult;
      readonly totals: Totals;
      readonly results: Results;
    };

/** What follows from a command. No events: there is nothing to do (any more). @throws IllegalTransition */
export function decideRequest(command: RequestCommand, request: RequestDoc): readonly RequestEvent[] {
  const illegal = (): IllegalTransition => new IllegalTransition(command.type, "request", request.state);
  switch (command.type) {
    case "open":
      return request.state === "accepted" ? [{ type: "opened" }] : [];
    case "close":
      if (request.state === "closing" || request.state === "ended") return [];
      if (request.state !== "running") throw illegal();
      return [{ type: "closing" }];
    case "hold":
      if (request.state !== "closing") throw illegal();
      return request.waitsFor === command.waitsFor && request.lastError?.message === command.error.message
        ? []
        : [{ type: "held", waitsFor: command.waitsFor, error: command.error }];
    case "complete": {
      if (request.state === "ended") return [];
      // Never announced before every item has its outcome.
      if (request.state !== "closing" || totalOf(command.totals.counts) !== request.itemCount)
        throw illegal();
      const { at, totals, results } = command;
      return [{ type: "completed", at, result: requestResult(request, totals), totals, results }];
    }
    case "revise": {
      if (request.state !== "ended" || totalOf(command.totals.counts) !== request.itemCount) throw illegal();
      if (request.replays.includes(command.replay)) return [];
      if (command.revision <= request.revision) throw illegal();
      const { revision, replay, totals, results } = command;
      return [{ type: "revised", revision, replay, result: requestResult(request, totals), totals, results }];
    }
  }
}

/** How a request ended: all succeeded, some, or none and then why none did. */
export function requestResult(request: Pick<RequestDoc, "end" | "itemCount">, totals: Totals): RequestResult {
  if (totals.counts.succeeded === request.itemCount) return "succeeded";
  if (totals.counts.succeeded > 0) return "partial";
  if (request.end?.why === "cancelled") return "cancelled";
  return request.end?.why === "deadline" || totals.cutByUs ? "timed_out" : "failed";
}

/** The request after an event. Never refuses. */
export function evolveRequest(request: RequestDoc, event: RequestEvent): RequestDoc {
  switch (event.type) {
    case "opened":
      return { ...request, state: "running" };
    case "closing":
      return { ...request, state: "closing" };
    case "held":
      return { ...request, waitsFor: event.waitsFor, lastError: event.error };
    case "completed":
      return { ...request, ...totalled(event), state: "ended", endedAt: event.at, waitsFor: null };
    case "revised":
      return {
        ...request,
        ...totalled(event),
        revision: event.revision,
        replays: [...request.replays, event.replay],
      };
  }
}

function totalled(event: Extract<RequestEvent, { type: "completed" | "revised" }>): Partial<RequestDoc> {
  const { counts, costMicros, usage } = event.totals;
  return { result: event.result, counts, costMicros, usage, results: event.results };
}

/** The fact that tells of an event, where one does. `request` is the request after the event. */
export function factOfRequest(request: RequestDoc, event: RequestEvent): FactBody | null {
  if (event.type !== "completed" && event.type !== "revised") return null;
  return {
    type: event.type === "completed" ? "request.completed" : "request.revised",
    data: {
      id: request.id,
      source: request.source,
      requestId: request.requestId,
      metadata: request.metadata,
      result: event.result,
      counts: event.totals.counts,
      costMicros: event.totals.costMicros,
      usage: event.totals.usage,
      results: "inline" in event.results ? { inline: [...event.results.inline] } : event.results,
      revision: request.revision,
      parent: request.parent,
    },
  };
}

/** The fact a request is born with. */
export function acceptedFact(request: RequestDoc): FactBody {
  return {
    type: "request.accepted",
    data: {
      id: request.id,
      source: request.source,
      requestId: request.requestId,
      metadata: request.metadata,
      items: request.itemCount,
      provider: request.provider,
      account: request.account,
      model: request.model,
      deadlineAt: request.deadlineAt === null ? null : new Date(request.deadlineAt).toISOString(),
      estimateMicros: request.estimateMicros,
    },
  };
}

/** Decides and evolves in one go. Null where nothing changes. @throws IllegalTransition */
export function changeRequest(request: RequestDoc, command: RequestCommand): Change<RequestDoc> | null {
  const events = decideRequest(command, request);
  if (events.length === 0) return null;
  let next = request;
  const facts: FactBody[] = [];
  for (const event of events) {
    next = evolveRequest(next, event);
    const fact = factOfRequest(next, event);
    if (fact) facts.push(fact);
  }
  return { next, facts };
}
