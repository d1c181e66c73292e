/** What a span says of its work: names by OpenTelemetry's conventions, ours under `granary.`. Never prompts or keys. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a span belongs, and what it says. */
export interface SpanAbout {
  /** W3C trace context it is a part of; null begins a trace; left out it is a part of the span it runs in. */
  readonly parent?: string | null | undefined;
  /** Other traces that have to do with it. */
  readonly links?: readonly string[] | undefined;
  readonly kind?: "internal" | "client" | "consumer" | "producer";
  readonly attributes?: SpanAttributes;
}

/** Work that is over. */
export interface PastSpan extends SpanAbout {
  /** Epoch milliseconds, as all instants. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Where the trace of `parent` was begun here: this is its first span, and not a part of another one. */
  readonly root?: boolean;
  /** What failed, by a short name; left out where nothing did. */
  readonly failed?: string;
}

/** A span under way. */
export interface ActiveSpan {
  readonly set: (attributes: SpanAttributes) => void;
  /** Marks the work as failed, by a short name (`error.type`), though it does not throw. */
  readonly fail: (type: string) => void;
}

/** Tells where time goes, to whoever looks at traces. Its own trouble never reaches the work. */
export interface Tracer {
  /** Runs work in a span; what it answers and throws is left as it is. Spans in it are parts of its span. */
  readonly span: <T>(name: string, about: SpanAbout, work: (span: ActiveSpan) => Promise<T>) => Promise<T>;
  /** The same, but only within another span: otherwise the work runs by itself. */
  readonly inner: <T>(name: string, about: SpanAbout, work: (span: ActiveSpan) => Promise<T>) => Promise<T>;
  /** Tells of work that is over already. */
  readonly record: (name: string, about: PastSpan) => void;
}

const untold: ActiveSpan = { set() {}, fail() {} };

/** Tells nobody. */
export const noTracer: Tracer = {
  span: async (_name, _about, work) => work(untold),
  inner: async (_name, _about, work) => work(untold),
  record() {},
};

/** The tracer of a step's deps; none where nobody listens. */
export function tracerOf({ tracer }: { readonly tracer?: Tracer }): Tracer {
  return tracer ?? noTracer;
}
