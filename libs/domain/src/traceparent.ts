import type { Ids } from "./clock.ts";

/** A version, a trace id, a parent id and flags; a later version may say more behind another dash. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** `sampled` and `random-trace-id`: what the flags are known to say. */
const KNOWN_FLAGS = 0x03;
const SAMPLED = "01";

/** A place in a trace, as W3C Trace Context has it. */
export interface TracePlace {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly flags: number;
}

/**
 * What a traceparent says; null where it says nothing that can be used: it is then to be treated as if it had not been
 * there (https://www.w3.org/TR/trace-context/#traceparent-header). A later version is read as far as it is known.
 */
export function parseTraceparent(text: unknown): TracePlace | null {
  if (typeof text !== "string") return null;
  const [, version, traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** The traceparent in the version that is written here, 00; null where it cannot be used. */
export function readTraceparent(text: unknown): string | null {
  const place = parseTraceparent(text);
  return place && `00-${place.traceId}-${place.spanId}-${place.flags.toString(16).padStart(2, "0")}`;
}

/**
 * The beginning of a trace of our own: the same one for the same seed, so that whoever needs it may work it out again.
 * It counts as sampled, and is told from a caller's by `isBegunHere`.
 */
export function beginTrace(ids: Ids, seed: string): string {
  const traceId = ids
    .sha256()
    .update(JSON.stringify(["trace", seed]))
    .hex()
    .slice(0, 32);
  return `00-${traceId}-${rootSpanId(ids, traceId)}-${SAMPLED}`;
}

/** Whether `beginTrace` made it: then no caller has decided yet whether the trace is recorded. */
export function isBegunHere(ids: Ids, { traceId, spanId }: TracePlace): boolean {
  return spanId === rootSpanId(ids, traceId);
}

function rootSpanId(ids: Ids, traceId: string): string {
  return ids
    .sha256()
    .update(JSON.stringify(["root", traceId]))
    .hex()
    .slice(0, 16);
}
