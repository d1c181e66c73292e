import type { TracingConfig } from "../config/granaryConfig.ts";
import type { Log } from "../dueLoop.ts";
import type { Tracer } from "./tracer.ts";
import { noTracer } from "./tracer.ts";

/** What a tracer is opened with. */
export interface OpenTracerOptions {
  /** `service.name`, where the configuration names none. */
  readonly service: string;
  readonly version: string;
  readonly log: Pick<Log, "warn" | "info">;
  /** Longest time that the last spans have at the end, in milliseconds. */
  readonly flushMs: number;
}

/** A tracer; at its disposal what it still holds is sent, for at most `flushMs`. Never rejects. */
export interface OpenedTracer extends Tracer, AsyncDisposable {}

/** The tracer that a configuration asks for. Where it asks for none, no SDK of OpenTelemetry is so much as loaded. */
export async function openTracer(
  config: TracingConfig | null,
  options: OpenTracerOptions,
): Promise<OpenedTracer> {
  if (!config) return { ...noTracer, [Symbol.asyncDispose]: async () => {} };
  const { otlpTracer } = await import("./otlpTracer.ts");
  return otlpTracer(config, options);
}
