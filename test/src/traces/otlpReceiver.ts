import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly name: string;
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Traces of its links, as `<trace id>-<span id>`. */
  readonly links: readonly string[];
  readonly failed: boolean;
}

/** Whatever receives traces by OTLP over HTTP. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: () => readonly ReceivedSpan[];
  /** Everything that came, as it came. */
  readonly bodies: () => readonly string[];
  readonly headers: () => readonly IncomingHttpHeaders[];
}

interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: Readonly<Record<string, unknown>>;
  }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}

interface WireBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: NonNullable<WireSpan["attributes"]> };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

const FAILED = 2;

/** Serves a receiver on any free port; `hangs` takes every call and answers none. */
export async function serveOtlp({ hangs = false }: { readonly hangs?: boolean } = {}): Promise<OtlpReceiver> {
  const bodies: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      headers.push(request.headers);
      if (hangs) return;
      if (request.method !== "POST" || request.url !== "/v1/traces")
        return void response.writeHead(404).end();
      spans.push(...spansOf(JSON.parse(body) as WireBody));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    bodies: () => bodies,
    headers: () => headers,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function spansOf({ resourceSpans }: WireBody): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)["service.name"]);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(
        ({ name, traceId, spanId, parentSpanId, kind, attributes, links, status }): ReceivedSpan => ({
          name,
          service,
          traceId,
          spanId,
          parentSpanId: parentSpanId ?? null,
          kind,
          attributes: valuesOf(attributes),
          links: (links ?? []).map((link) => `${link.traceId}-${link.spanId}`),
          failed: status?.code === FAILED,
        }),
      ),
    );
  });
}

function valuesOf(attributes: WireSpan["attributes"] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
