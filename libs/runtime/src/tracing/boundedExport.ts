import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import type { Log } from "../dueLoop.ts";

/** Spans that may wait to be sent; more are dropped. */
export const MAX_QUEUE = 4096;
const MAX_BATCH = 512;
const SEND_EVERY_MS = 1_000;
/** `ExportResultCode.SUCCESS`. */
const SENT = 0;

/** What sending is bounded by. */
export interface BoundedExportOptions {
  readonly log: Pick<Log, "warn" | "info">;
  /** Longest time that one batch may take, in milliseconds. */
  readonly timeoutMs: number;
  /** MAX_QUEUE where it is left out. */
  readonly maxQueue?: number;
}

/**
 * Sends spans in batches, in the background. Whoever ends a span never waits: where the receiver is away or slow, spans
 * wait up to a bound, and further ones are dropped. That is told once when it begins, and once with numbers when it is over.
 */
export function boundedExport(
  exporter: SpanExporter,
  { log, timeoutMs, maxQueue = MAX_QUEUE }: BoundedExportOptions,
): SpanProcessor {
  let waiting = 0;
  let lost = 0;

  function lose(count: number, why: string): void {
    if (lost === 0) log.warn({ why }, "traces cannot be sent, the work goes on without them");
    lost += count;
  }

  const counted: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length;
      exporter.export(spans, (result) => {
        const code: number = result.code;
        if (code !== SENT) lose(spans.length, reasonOf(result.error));
        else if (lost > 0) {
          log.info({ spansLost: lost }, "traces are sent again");
          lost = 0;
        }
        done(result);
      });
    },
    shutdown: async () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: maxQueue,
    maxExportBatchSize: Math.min(MAX_BATCH, maxQueue),
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: timeoutMs,
  });
  return {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd(span: ReadableSpan) {
      if ((span.spanContext().traceFlags & 1) === 0) return;
      if (waiting >= maxQueue) return lose(1, "queue_full");
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: async () => batches.forceFlush(),
    shutdown: async () => batches.shutdown(),
  };
}

/** Without the answer's body and the address: only how it failed. */
function reasonOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === "string" || typeof code === "number") return String(code);
  return typeof name === "string" ? name : "unknown";
}
