import { beginTrace, isBegunHere, parseTraceparent } from "@granary/domain";
import type { Command } from "@granary/domain";
import type { PastSpan, Tracer } from "@granary/runtime";
import { noTracer, systemIds } from "@granary/runtime";
import { describe, expect, it } from "vitest";
import { submitter } from "../src/index.ts";
import { adopt, requestOf, rigWithJob } from "./adoptRig.ts";
import { openRig, START, submit } from "./rig.ts";
import type { Rig } from "./rig.ts";

const EVENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const DATA = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

const within = (traceparent: string, command: Command): Command => ({ ...command, traceparent });

async function traceOf(rig: Rig, requestId: string): Promise<string | null> {
  const [found] = await rig.store.requests({ requestId }, { limit: 1 });
  return found!.traceparent;
}

describe("a submitted request", () => {
  it.each([
    ["of its data before that of the event", { traceparent: DATA }, EVENT, DATA],
    ["of the event", {}, EVENT, EVENT],
    ["of the event, where its data's cannot be used", { traceparent: "none" }, EVENT, EVENT],
    ["of a later version, as far as it is known", {}, `cc-${EVENT.slice(3)}-x`, EVENT],
  ])("goes on in the trace %s", async (_which, data, event, expected) => {
    const rig = await openRig();
    const [reply] = await rig.handle(within(event, submit("a", data)));
    expect(reply?.status).toBe("accepted");
    expect(await traceOf(rig, "a")).toBe(expected);
    const [fact] = await rig.store.pendingFacts(1);
    expect(fact?.fact).toMatchObject({ subject: reply?.id, traceparent: expected });
  });

  it("begins a trace of its own where it names none, or none that can be used", async () => {
    const rig = await openRig();
    const [a, b] = await rig.handle(submit("a"), within("00-none", submit("b", { traceparent: "x" })));
    expect([a?.status, b?.status]).toEqual(["accepted", "accepted"]);
    const traces = [await traceOf(rig, "a"), await traceOf(rig, "b")];
    expect(new Set(traces).size).toBe(2);
    for (const trace of traces) expect(isBegunHere(systemIds, parseTraceparent(trace)!)).toBe(true);
  });

  it("keeps its first trace when it is submitted again in another one", async () => {
    const rig = await openRig();
    const replies = await rig.handle(within(EVENT, submit("a")), within(DATA, submit("a")));
    expect(replies.map(({ status }) => status)).toEqual(["accepted", "accepted"]);
    expect(await traceOf(rig, "a")).toBe(EVENT);
  });

  it("that is refused is told of in the caller's trace", async () => {
    const rig = await openRig();
    await rig.handle(
      within(EVENT, submit("a", { model: "none" })),
      submit("b", { model: "none", traceparent: DATA }),
    );
    expect(rig.published.map(({ traceparent }) => traceparent)).toEqual([EVENT, DATA]);
  });
});

it("an adopted job's request and task are in the trace of the command", async () => {
  const rig = await rigWithJob();
  const [reply] = await rig.handle(within(EVENT, adopt()));
  expect(reply?.status).toBe("accepted");
  expect((await requestOf(rig)).traceparent).toBe(EVENT);
  expect((await rig.tasks()).map(({ traceparent }) => traceparent)).toEqual([EVENT]);
  const facts = (await rig.store.pendingFacts(9)).map(({ fact }) => fact.traceparent);
  expect(new Set(facts)).toEqual(new Set([EVENT]));
});

describe("a task", () => {
  it("with one request is in its trace, from its first fact on", async () => {
    const rig = await openRig();
    await rig.handle(within(EVENT, submit("a")));
    const [task] = await rig.packed();
    expect(task).toMatchObject({ traceparent: EVENT });
    expect(task).not.toHaveProperty("traces");
    const planned = (await rig.store.pendingFacts(9)).find(({ fact }) => fact.type.endsWith("task.planned"));
    expect(planned?.fact.traceparent).toBe(EVENT);
  });

  it("with several has a trace of its own, made of its id, and names theirs", async () => {
    const rig = await openRig();
    await rig.handle(within(EVENT, submit("a")), submit("b", { traceparent: DATA }));
    const [task] = await rig.packed();
    expect(task?.traceparent).toBe(beginTrace(systemIds, task!.id));
    expect(task?.traces?.toSorted()).toEqual([DATA, EVENT]);
  });
});

it("spans of acceptance and packing tell when, and a trace that began here begins with them", async () => {
  const rig = await openRig();
  const spans: (PastSpan & { readonly name: string })[] = [];
  const tracer: Tracer = { ...noTracer, record: (name, about) => void spans.push({ name, ...about }) };
  const { handle } = submitter({ ...rig.deps, tracer });
  await handle([within(EVENT, submit("a")), submit("b")]);
  // The same command again tells nothing: the span is there already.
  await handle([submit("b")]);
  // A caller that goes on in a trace which began here is a part of it.
  const begun = await traceOf(rig, "b");
  await handle([within(begun!, submit("c"))]);
  expect(spans.map(({ name, parent, root, startedAt }) => [name, parent, root, startedAt])).toEqual([
    ["accept", EVENT, false, START],
    ["accept", begun, true, START],
    ["accept", begun, false, START],
  ]);
  expect(spans[0]?.attributes).toMatchObject({
    "granary.request.name": "a",
    "gen_ai.provider.name": "openai",
  });
});
