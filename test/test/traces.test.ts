import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command, RequestDoc } from "@granary/domain";
import { isBegunHere, parseTraceparent } from "@granary/domain";
import { systemIds } from "@granary/runtime";
import { expect, onTestFinished, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, stopped } from "../src/e2e/site.ts";
import type { OtlpReceiver, ReceivedSpan } from "../src/traces/otlpReceiver.ts";
import { serveOtlp } from "../src/traces/otlpReceiver.ts";
import { openTracedSite } from "../src/traces/tracedSite.ts";

const PACE = { jobMs: 200, validatingMs: 50, finalizingMs: 50 };
const KEY = "sk-planted-0123456789abcdef";
const TOKEN = "plantedTokenOfTheReceiver";
const PROMPT = "plantedPromptOfAnItem";
const ANSWER = "plantedAnswerOfTheModel";
const CALLER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const OTHER = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

async function receiverOfTest(options: Parameters<typeof serveOtlp>[0] = {}): Promise<OtlpReceiver> {
  const receiver = await serveOtlp(options);
  onTestFinished(async () => receiver[Symbol.asyncDispose]());
  return receiver;
}

function submit(requestId: string, model: string, traceparent?: string): Command {
  const items = itemsOf(3, PROMPT);
  return {
    id: systemIds.nonce(),
    type: "submit",
    data: { source: "e2e", requestId, provider: "openai", model, items },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function textOf({ traceId, spanId }: typeof CALLER): string {
  return `00-${traceId}-${spanId}-01`;
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span ${name} in ${spans.map((span) => span.name).join(", ")}`);
  return found;
}

test("a request's spans, facts and lines of the log are in the caller's trace, and a shared job's name both callers", async () => {
  const receiver = await receiverOfTest();
  const site = await openTracedSite(
    await rigOfTest(),
    {
      pace: PACE,
      keys: { together: [[KEY]] },
      lines: [{ contains: PROMPT, answer: "text", text: ANSWER }],
      // So that there is something to be logged.
      faults: [{ on: "download", what: "truncated", rate: 1, times: 2 }],
    },
    (url) => ({
      GRANARY_OPENAI_MODE: "live",
      GRANARY_OPENAI_PROFILE: "fast",
      OPENAI_API_KEY: KEY,
      OPENAI_BASE_URL: `${url}/openai/v1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-token=${TOKEN}`,
    }),
  );
  const { workspace } = site;
  const replies = await workspace.submitter.handle([
    submit("alone", "gpt-4o-mini", textOf(CALLER)),
    submit("shared-1", "gpt-4.1-mini", textOf(OTHER)),
    submit("shared-2", "gpt-4.1-mini", "00-ffff-not-a-trace"),
  ]);
  expect(replies.map(({ status }) => status)).toEqual(["accepted", "accepted", "accepted"]);
  await site.finish();

  const spans = receiver.spans();
  const facts = await site.facts();
  const traceOf = new Map<unknown, string>();
  const tasks = new Map<string, { readonly jobId: string; readonly traceId: string }>();
  for (const { type, subject, traceparent, data } of facts) {
    const place = parseTraceparent(traceparent);
    if (!place) throw new Error(`${type} is in no trace`);
    if (type.endsWith("task.submitted"))
      tasks.set((data as { readonly model: string }).model, {
        jobId: (data as { readonly jobId: string }).jobId,
        traceId: place.traceId,
      });
    // All facts of a document are in one trace.
    expect(traceOf.get(subject) ?? traceparent).toBe(traceparent);
    traceOf.set(subject, traceparent ?? "");
  }
  const requestOf = (requestId: string): string => {
    const fact = facts.find(({ data }) => (data as Partial<RequestDoc>).requestId === requestId);
    return fact?.traceparent ?? "";
  };
  expect(requestOf("alone")).toBe(textOf(CALLER));
  expect(requestOf("shared-1")).toBe(textOf(OTHER));
  const begun = parseTraceparent(requestOf("shared-2"))!;
  expect(isBegunHere(systemIds, begun)).toBe(true);
  expect(tasks.get("gpt-4o-mini")?.traceId).toBe(CALLER.traceId);

  const alone = spans.filter(({ traceId }) => traceId === CALLER.traceId);
  for (const name of ["accept", "pack", "submit", "harvest", "close", "publish"])
    expect(named(alone, name)).toMatchObject({ parentSpanId: CALLER.spanId });
  const create = named(alone, "provider create");
  expect(create.attributes).toMatchObject({
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "granary.job.id": tasks.get("gpt-4o-mini")?.jobId,
    "granary.create.answer": "created",
  });
  const submits = alone.filter(({ name }) => name === "submit").map(({ spanId }) => spanId);
  expect(submits).toContain(create.parentSpanId);
  expect(submits).toContain(named(alone, "provider upload").parentSpanId);
  const harvests = alone.filter(({ name }) => name === "harvest").map(({ spanId }) => spanId);
  for (const name of ["fetch", "decide", "apply"])
    expect(harvests).toContain(named(alone, name).parentSpanId);
  expect(spans.some(({ name, failed }) => name === "fetch" && failed)).toBe(true);

  // A trace that was begun here has a first span, and everybody else's is part of it.
  const ofBegun = spans.filter(({ traceId }) => traceId === begun.traceId);
  expect(named(ofBegun, "accept")).toMatchObject({ spanId: begun.spanId, parentSpanId: null });
  expect(named(ofBegun, "close").parentSpanId).toBe(begun.spanId);

  const shared = spans.filter(({ traceId }) => traceId === tasks.get("gpt-4.1-mini")?.traceId);
  const root = named(shared, "pack");
  expect(root.parentSpanId).toBeNull();
  for (const name of ["pack", "submit", "harvest"])
    expect(named(shared, name).links.toSorted()).toEqual(
      [`${OTHER.traceId}-${OTHER.spanId}`, `${begun.traceId}-${begun.spanId}`].toSorted(),
    );
  expect(named(shared, "submit").parentSpanId).toBe(root.spanId);
  expect(named(spans, "sweep").attributes).toMatchObject({ "granary.account": "openai:default" });
  expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(["granary"]));

  const about = site.lines().filter((line) => "taskId" in line || "requestId" in line);
  expect(about.length).toBeGreaterThan(0);
  for (const line of about)
    expect(line).toMatchObject({ traceparent: traceOf.get(line["taskId"] ?? line["request"]) });

  expect(receiver.headers().every((headers) => headers["x-token"] === TOKEN)).toBe(true);
  const told = receiver.bodies().join("\n") + JSON.stringify(site.lines());
  expect(told).toContain("provider create");
  for (const secret of [KEY, TOKEN, PROMPT, ANSWER]) expect(told).not.toContain(secret);
}, 60_000);

test("a receiver that hangs or is away delays no work, fails none, and lets the process end in time", async () => {
  const hanging = await receiverOfTest({ hangs: true });
  const gone = await serveOtlp();
  await gone[Symbol.asyncDispose]();
  for (const [why, url] of [
    ["hangs", hanging.url],
    ["is away", gone.url],
  ] as const) {
    const site = await openSite(await rigOfTest(), { pace: PACE }, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const up = await site.up();
    await site.submit({ requestId: "r1", items: itemsOf(20) });
    const ended = await site.reaches("r1", "ended");
    expect({ why, counts: ended.counts }).toMatchObject({ why, counts: { succeeded: 20 } });
    await site.settles();
    const stoppedAt = performance.now();
    expect({ why, ...(await stopped(up)) }).toMatchObject({ why, code: 0 });
    // Two seconds are for the last spans; the rest is for a machine under load.
    expect(performance.now() - stoppedAt).toBeLessThan(8_000);
  }
  expect(hanging.bodies().length).toBeGreaterThan(0);
}, 90_000);

test("the sampler decides about traces that begin here, and the caller about the caller's", async () => {
  const receiver = await receiverOfTest();
  const site = await openTracedSite(await rigOfTest(), { pace: PACE }, () => ({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0",
    OTEL_SERVICE_NAME: "granary-of-a-test",
  }));
  await site.workspace.submitter.handle([
    submit("begun", "gpt-4o-mini"),
    submit("sampled", "gpt-4.1-mini", textOf(CALLER)),
    submit("unsampled", "gpt-4o", `00-${OTHER.traceId}-${OTHER.spanId}-00`),
  ]);
  await site.finish();
  expect(new Set(receiver.spans().map(({ traceId }) => traceId))).toEqual(new Set([CALLER.traceId]));
  expect(new Set(receiver.spans().map(({ service }) => service))).toEqual(new Set(["granary-of-a-test"]));
}, 60_000);

test("what a command submits goes on in the trace that it was started in", async () => {
  const site = await openSite(await rigOfTest(), { pace: PACE }, { TRACEPARENT: textOf(CALLER) });
  const file = join(site.rig.folder, "items.jsonl");
  await writeFile(file, `${JSON.stringify({ key: "a", prompt: "Say hello." })}\n`);
  const submitted = await site.granary(
    "submit",
    file,
    "--no-wait",
    "--source",
    "e2e",
    "--id",
    "r1",
    "--model",
    "gpt-4o-mini",
  );
  expect(submitted).toMatchObject({ code: 0 });
  expect((await site.request("r1")).traceparent).toBe(textOf(CALLER));
}, 30_000);
