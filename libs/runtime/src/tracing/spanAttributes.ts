import type { RequestDoc, TaskDoc } from "@granary/domain";
import type { SpanAttributes } from "./tracer.ts";

/** Names of providers in OpenTelemetry's registry (https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/). */
const PROVIDER_NAMES: Readonly<Record<string, string>> = { gemini: "gcp.gemini" };

/** The name that OpenTelemetry has for a provider. */
export function providerName(provider: string): string {
  return PROVIDER_NAMES[provider] ?? provider;
}

/** What a span says of the task it is about. */
export function taskAttributes(task: TaskDoc): SpanAttributes {
  const { id, account, provider, model, request, requests, lines, attempt, state, view } = task;
  return {
    "gen_ai.provider.name": providerName(provider),
    "gen_ai.request.model": model,
    "granary.task.id": id,
    "granary.task.state": state,
    "granary.task.lines": lines,
    "granary.task.requests": requests,
    "granary.task.attempt": attempt,
    "granary.account": account,
    "granary.request.id": request ?? undefined,
    "granary.job.id": view?.jobId,
  };
}

/** What a span says of the request it is about. */
export function requestAttributes(request: RequestDoc): SpanAttributes {
  const { id, requestId, source, account, provider, model, itemCount } = request;
  return {
    "gen_ai.provider.name": providerName(provider),
    "gen_ai.request.model": model,
    "granary.request.id": id,
    "granary.request.name": requestId,
    "granary.request.source": source,
    "granary.request.items": itemCount,
    "granary.account": account,
  };
}
