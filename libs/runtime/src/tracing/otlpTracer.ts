import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, Link, Span } from "@opentelemetry/api";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { RandomIdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TracePlace } from "@granary/domain";
import { isBegunHere, parseTraceparent } from "@granary/domain";
import type { TracingConfig } from "../config/granaryConfig.ts";
import { systemIds } from "../systemIds.ts";
import { boundedExport } from "./boundedExport.ts";
import type { OpenedTracer, OpenTracerOptions } from "./openTracer.ts";
import { begunHere, spanSampler } from "./spanSampler.ts";
import type { ActiveSpan, PastSpan, SpanAbout, SpanAttributes, Tracer } from "./tracer.ts";

/** One batch may take so long; a receiver that hangs is given up then. */
const EXPORT_MS = 5_000;

const KINDS = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
} as const;

/** A tracer that sends its spans by OTLP over HTTP. Loaded only where an endpoint is configured. */
export function otlpTracer(
  config: TracingConfig,
  { service, version, log, flushMs }: OpenTracerOptions,
): OpenedTracer {
  const ids = idsOfRoots();
  const headers = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [name, value.reveal()]),
  );
  const exporter = new OTLPTraceExporter({ url: config.url, headers, timeoutMillis: EXPORT_MS });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.name": config.serviceName ?? service,
        "service.namespace": "granary",
        "service.version": version,
        "service.instance.id": systemIds.nonce(),
      }),
    ),
    sampler: spanSampler(config),
    idGenerator: ids,
    spanProcessors: [boundedExport(exporter, { log, timeoutMs: EXPORT_MS })],
  });
  const tracer = provider.getTracer("granary", version);
  const running = new AsyncLocalStorage<Context>();

  function start(name: string, about: SpanAbout, context: Context, at?: number): Span {
    const options = {
      kind: KINDS[about.kind ?? "internal"],
      attributes: told(about.attributes),
      links: linksOf(about.links),
      ...(at === undefined ? {} : { startTime: new Date(at) }),
    };
    return tracer.startSpan(name, options, context);
  }

  /** The span that runs just now goes before its trace's first one. */
  function contextOf({ parent }: SpanAbout): Context {
    const active = running.getStore();
    if (parent === undefined) return active ?? ROOT_CONTEXT;
    const place = parseTraceparent(parent);
    if (!place) return ROOT_CONTEXT;
    if (active && trace.getSpanContext(active)?.traceId === place.traceId) return active;
    return remoteContext(place);
  }

  const span: Tracer["span"] = async (name, about, work) => {
    const context = contextOf(about);
    const begun = start(name, about, context);
    try {
      return await running.run(trace.setSpan(context, begun), async () => work(activeSpan(begun)));
    } catch (error) {
      // Its message may repeat what a provider or a person wrote.
      fail(begun, nameOf(error));
      throw error;
    } finally {
      begun.end();
    }
  };

  return {
    span,
    inner: async (name, about, work) => (running.getStore() ? span(name, about, work) : work(UNTOLD)),
    record(name, about) {
      const past = startPast(about);
      if (about.failed !== undefined) fail(past, about.failed);
      past.end(new Date(about.endedAt));

      function startPast({ root, parent, startedAt }: PastSpan): Span {
        const place = root ? parseTraceparent(parent) : null;
        if (!place || !isBegunHere(systemIds, place)) return start(name, about, contextOf(about), startedAt);
        return ids.as(place, () => start(name, about, ROOT_CONTEXT, startedAt));
      }
    },
    async [Symbol.asyncDispose]() {
      const over = Promise.withResolvers<void>();
      const timer = setTimeout(over.resolve, flushMs);
      try {
        await Promise.race([provider.shutdown(), over.promise]);
      } catch {
        // That spans were lost was told where they were.
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

const UNTOLD: ActiveSpan = { set() {}, fail() {} };

function activeSpan(span: Span): ActiveSpan {
  return {
    set: (attributes) => void span.setAttributes(told(attributes)),
    fail: (type) => fail(span, type),
  };
}

function fail(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

function told(attributes: SpanAttributes = {}): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function remoteContext(place: TracePlace): Context {
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContextOf(place));
  return isBegunHere(systemIds, place) ? begunHere(context) : context;
}

function spanContextOf({ traceId, spanId, flags }: TracePlace) {
  return { traceId, spanId, traceFlags: flags, isRemote: true };
}

function linksOf(links: readonly string[] = []): Link[] {
  return links.flatMap((link) => {
    const place = parseTraceparent(link);
    return place ? [{ context: spanContextOf(place) }] : [];
  });
}

/** Ids by chance, but for the first span of a trace that was begun here: its ids are known already. */
function idsOfRoots() {
  const chance = new RandomIdGenerator();
  let wanted: TracePlace | null = null;
  return {
    generateTraceId: () => wanted?.traceId ?? chance.generateTraceId(),
    generateSpanId: () => wanted?.spanId ?? chance.generateSpanId(),
    as<T>(place: TracePlace, begin: () => T): T {
      wanted = place;
      try {
        return begin();
      } finally {
        wanted = null;
      }
    },
  };
}
