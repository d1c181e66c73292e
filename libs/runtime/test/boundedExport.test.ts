import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, onTestFinished, test, vi } from "vitest";
import { boundedExport } from "../src/tracing/boundedExport.ts";

/** A receiver that answers when it is told to. */
function heldExporter() {
  const calls: { readonly spans: number; readonly done: (code: 0 | 1) => void }[] = [];
  return {
    calls,
    exporter: {
      export: (spans: ReadableSpan[], done: (result: { code: number; error?: Error }) => void) =>
        void calls.push({
          spans: spans.length,
          done: (code) => done(code === 0 ? { code } : { code, error: new Error("a secret of the answer") }),
        }),
      shutdown: async () => {},
    },
  };
}

function rigOf(maxQueue: number) {
  const { calls, exporter } = heldExporter();
  const lines: (readonly [string, object, string])[] = [];
  const log = {
    warn: (fields: object, message: string) => void lines.push(["warn", fields, message]),
    info: (fields: object, message: string) => void lines.push(["info", fields, message]),
  };
  const processor = boundedExport(exporter, { log, timeoutMs: 60_000, maxQueue });
  const provider = new TracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer("test");
  onTestFinished(async () => {
    const over = provider.shutdown().catch(() => undefined);
    await vi.waitFor(() => {
      for (const { done } of calls) done(0);
    });
    await over;
  });
  return {
    calls,
    lines,
    processor,
    end: (count: number) => repeat(count, () => tracer.startSpan("s").end()),
  };
}

function repeat(count: number, work: () => void): void {
  for (let at = 0; at < count; at += 1) work();
}

test("spans beyond the bound are dropped, which is told once, and again with their number when it is over", async () => {
  const { calls, lines, end } = rigOf(4);
  end(4);
  // The first batch is under way, and the next four wait behind it.
  await vi.waitFor(() => expect(calls.map(({ spans }) => spans)).toEqual([4]));
  end(4);
  expect(lines).toEqual([]);
  end(3);
  expect(lines).toEqual([
    ["warn", { why: "queue_full" }, "traces cannot be sent, the work goes on without them"],
  ]);
  calls[0]?.done(0);
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  calls[1]?.done(0);
  await vi.waitFor(() => expect(lines.at(-1)).toEqual(["info", { spansLost: 3 }, "traces are sent again"]));
  expect(lines).toHaveLength(2);
});

test("a batch that is refused is told once, without what the receiver said", async () => {
  const { calls, lines, end } = rigOf(2);
  end(2);
  await vi.waitFor(() => expect(calls).toHaveLength(1));
  calls[0]?.done(1);
  end(2);
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  calls[1]?.done(1);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  expect(lines).toEqual([["warn", { why: "Error" }, "traces cannot be sent, the work goes on without them"]]);
});
