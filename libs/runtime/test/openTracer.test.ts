import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noTracer } from "../src/tracing/tracer.ts";

const OPEN = join(import.meta.dirname, "../src/index.ts");

/** Opens a tracer in a process of its own, and answers which modules of OpenTelemetry, beyond its API, were asked for. */
function loadedBy(config: string): readonly string[] {
  const program = `
    import { registerHooks } from "node:module";
    const asked = new Set();
    registerHooks({
      resolve(name, context, next) {
        // The API alone is a handful of constants, and the library of the metrics asks for it in any case.
        if (/^@opentelemetry\\/(?!api$)/.test(name)) asked.add(name);
        return next(name, context);
      },
    });
    const { openTracer } = await import(${JSON.stringify(OPEN)});
    const log = { warn() {}, info() {} };
    const config = ${config};
    const tracer = await openTracer(config, { service: "test", version: "1", log, flushMs: 100 });
    await tracer[Symbol.asyncDispose]();
    console.log(JSON.stringify([...asked].sort()));
  `;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--conditions=@granary/source", "--input-type=module", "--eval", program],
    { encoding: "utf8", cwd: join(import.meta.dirname, "..") },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly string[];
}

test("no SDK of OpenTelemetry is loaded where no traces are asked for", () => {
  expect(loadedBy("null")).toEqual([]);
  const config = `{ url: "http://127.0.0.1:9/v1/traces", headers: {}, serviceName: null, sampler: "always_on", ratio: 1 }`;
  expect(loadedBy(config)).toContain("@opentelemetry/sdk-trace");
}, 60_000);

test("without a tracer work runs as it is, and what it throws comes out", async () => {
  const work = noTracer.span("a", {}, async (span) => {
    span.set({ "granary.task.id": "t" });
    span.fail("nothing");
    return noTracer.inner("b", {}, async () => 7);
  });
  await expect(work).resolves.toBe(7);
  const broken = new Error("broken");
  await expect(
    noTracer.inner("c", {}, async () => {
      throw broken;
    }),
  ).rejects.toBe(broken);
});
