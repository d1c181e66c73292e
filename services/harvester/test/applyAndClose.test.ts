import type { RequestDoc } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { applyVerdicts } from "../src/applyVerdicts.ts";
import { aJob, answerLine, aRequest, aSlice, brokenLine, START, TASK, workOf } from "./documents.ts";
import { oneChunk, openRig, textOf } from "./rig.ts";
import type { Rig } from "./rig.ts";

const BROKEN = 2;

/** A request whose job answered all items but one, which broke. */
async function rigWith(
  items = 3,
  request: Partial<RequestDoc> = {},
  answer = (at: number) => `answer ${at}`,
): Promise<Rig> {
  const rig = await openRig();
  const lines = Array.from({ length: items }, (_, at) =>
    at === BROKEN ? brokenLine(at) : answerLine(at, answer(at)),
  );
  rig.provider.files.set("file_r", `${lines.join("\n")}\n`);
  rig.provider.job = aJob("completed", {
    files: { results: "file_r" },
    counts: { total: items, completed: items, failed: 0 },
  });
  await rig.put(workOf([aRequest("rqaaaa", items, request)], [aSlice("rqaaaa", 0, items)], rig.provider.job));
  return rig;
}

/** All that verdicts may write, as it is now. */
async function writtenIn({ store }: Rig): Promise<unknown> {
  return {
    slices: await store.slicesOf({ request: "rqaaaa" }, { limit: 99 }),
    outcomes: await store.outcomes("rqaaaa", { limit: 99 }),
  };
}

describe("verdicts", () => {
  it("applied by two harvesters, also at the same time, write the same once", async () => {
    const rig = await rigWith();
    await rig.turn("harvestTask");
    const task = await rig.doc("task", TASK);
    const once = await writtenIn(rig);
    await Promise.all([
      applyVerdicts(rig.deps, task, task.verdicts!),
      applyVerdicts(rig.deps, task, task.verdicts!),
    ]);
    expect(await writtenIn(rig)).toEqual(once);
    expect(rig.told).toEqual([]);
  });

  it.each(["putOutcomes", "insertSlices", "settleSlices", "signal", "save"] as const)(
    "that a process died over before its %s are applied by the next one",
    async (method) => {
      const whole = await rigWith();
      await whole.turn("harvestTask");
      const rig = await rigWith();
      const write = rig.store[method].bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
      let died = false;
      Object.assign(rig.store, {
        [method]: async (...args: unknown[]) => {
          // The commit itself has to be there for the next one to find.
          const commits = method === "save" && (args[2] as { state: string }).state !== "ended";
          if (died || commits) return write(...args);
          died = true;
          throw new StoreUnavailable("died");
        },
      });
      await rig.turn("harvestTask");
      expect(await rig.doc("task", TASK)).toMatchObject({ state: "settling", owner: "harvester-1" });
      rig.move(5_000);
      await rig.turn("harvestTask");
      expect(await rig.doc("task", TASK)).toMatchObject({
        state: "ended",
        verdicts: { path: `rqaaaa/${TASK}/verdicts-1.jsonl` },
      });
      // Whatever was decided is decided: only the clock of the second turn is later.
      expect(await writtenIn(rig)).toEqual(await writtenIn(whole));
    },
  );

  it("that contradict an outcome that is there are an incident, and change nothing", async () => {
    const rig = await rigWith();
    const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
    const other = {
      request: "rqaaaa",
      ordinal: 0,
      status: "cancelled",
      usage,
      costMicros: 0,
      taskId: null,
      attempt: 0,
      revision: 0,
    } as const;
    await rig.store.putOutcomes([other]);
    await rig.turn("harvestTask");
    expect(rig.told).toEqual(["outcomes contradict"]);
    expect(await rig.store.outcomes("rqaaaa", { limit: 1 })).toMatchObject([{ status: "cancelled" }]);
  });

  it("are decided anew, into a file of their own, where a process died before their commit", async () => {
    const rig = await rigWith();
    await rig.deps.artifacts.put(`rqaaaa/${TASK}/verdicts-1.jsonl`, oneChunk("half a row"));
    const [held] = await rig.store.claimDue("task", {
      duty: "harvester",
      owner: "dead",
      leaseMs: 1_000,
      limit: 1,
    });
    expect(held?.claim).toBe(1);
    rig.move(1_000);
    await rig.turn("harvestTask");
    expect(await rig.doc("task", TASK)).toMatchObject({
      state: "ended",
      verdicts: { path: `rqaaaa/${TASK}/verdicts-2.jsonl`, rows: 3 },
    });
  });

  it("have their hash in their name where a restored store comes to a name of its lost life again", async () => {
    const rig = await rigWith();
    const path = `rqaaaa/${TASK}/verdicts-1.jsonl`;
    const lost = await rig.deps.artifacts.put(path, oneChunk("what was decided in another life\n"));
    await rig.turn("harvestTask");
    const { verdicts } = await rig.doc("task", TASK);
    expect(verdicts).toMatchObject({ rows: 3 });
    expect(verdicts?.path).toBe(`rqaaaa/${TASK}/verdicts-1-${verdicts?.sha256.slice(0, 8)}.jsonl`);
    expect(await rig.lines(verdicts?.path ?? "")).toHaveLength(3);
    expect(await rig.deps.artifacts.stat(path)).toEqual({ bytes: lost.bytes });
  });
});

describe("a request that closes", () => {
  const policy = { retry: { maxAttempts: 1, backoffMs: 0 } };

  it("says its results in input order, inline while they are small", async () => {
    const rig = await rigWith(3, policy);
    await rig.turn("harvestTask");
    const rows = await rig.results("rqaaaa");
    expect(rows.map(({ key, status, reason, output }) => [key, status, reason, output])).toEqual([
      ["rqaaaa-0", "succeeded", undefined, "answer 0"],
      ["rqaaaa-1", "succeeded", undefined, "answer 1"],
      ["rqaaaa-2", "failed", "provider_error", undefined],
    ]);
    expect(rows[0]).toMatchObject({
      provider: "openai",
      account: "openai:simulated",
      mode: "simulated",
      model: "gpt-4o-mini",
      attempt: 1,
      taskId: TASK,
      costMicros: 105,
    });
    const { path, offset, length } = rows[1]!.raw!;
    expect(JSON.parse(await textOf(rig.deps.artifacts.read(path, { offset, length })))).toMatchObject({
      custom_id: `${TASK}-1`,
    });
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({
      state: "ended",
      result: "partial",
      dueAt: null,
      costMicros: 210,
    });
    const [, completed] = await rig.facts();
    expect(completed).toMatchObject({
      type: "request.completed",
      data: { counts: { succeeded: 2, failed: 1, byReason: { provider_error: 1 } }, metadata: { run: 7 } },
    });
  });

  it("writes a file where there are many, and reads long answers from their raw lines", async () => {
    const rig = await rigWith(501, policy, (at) => (at === 0 ? "long ".repeat(2_000) : `answer ${at}`));
    await rig.turn("harvestTask");
    expect((await rig.store.outcomes("rqaaaa", { limit: 1 }))[0]).not.toHaveProperty("output");
    const rows = await rig.results("rqaaaa");
    const { results } = await rig.doc("request", "rqaaaa");
    expect(results).toMatchObject({ path: "rqaaaa/results-0.jsonl" });
    expect(rows.map(({ key }) => key)).toEqual(Array.from({ length: 501 }, (_, at) => `rqaaaa-${at}`));
    expect([rows[0]?.output, rows[500]?.output]).toEqual(["long ".repeat(2_000), "answer 500"]);
  });

  it("does not take the results of a store's lost life for its own", async () => {
    const rig = await rigWith(501, policy);
    await rig.deps.artifacts.put("rqaaaa/results-0.jsonl", oneChunk("other results\n"));
    await rig.turn("harvestTask");
    const rows = await rig.results("rqaaaa");
    expect(rows).toHaveLength(501);
    const { results } = await rig.doc("request", "rqaaaa");
    expect(results).toMatchObject({ path: expect.stringMatching(/^rqaaaa\/results-0-[0-9a-f]{8}\.jsonl$/) });
  });

  it("writes a file also where few rows are large, with the values that a schema asked for", async () => {
    const schema = {
      type: "object",
      properties: { text: { type: "string" } },
      required: ["text"],
      additionalProperties: false,
    };
    const output = { type: "json_schema", name: "answer", schema } as const;
    const value = { text: "x".repeat(30_000) };
    const rig = await rigWith(4, { ...policy, output, schemaSha: "s" }, () => JSON.stringify(value));
    await rig.turn("harvestTask");
    const rows = await rig.results("rqaaaa");
    expect(rows.map((row) => row.output)).toEqual([value, value, undefined, value]);
    expect((await rig.doc("request", "rqaaaa")).results).toHaveProperty("sha256");
  });

  it("reads the keys of a large input from its artifact, part by part", async () => {
    const rig = await openRig();
    const items = Array.from(
      { length: 3 },
      (_, at) => `${JSON.stringify({ key: `key ${at}`, prompt: "Hi" })}\n`,
    );
    const input = await rig.deps.artifacts.put("rqaaaa/input-00000000.jsonl", oneChunk(items.join("")));
    const [length] = items.map((line) => line.length);
    const cut = { bytes: 1, tokens: 1, estimateMicros: 1, systemKey: "" };
    const cuts = [
      { ...cut, part: 0, from: 0, to: 2, offset: 0, length: 2 * length! },
      { ...cut, part: 1, from: 2, to: 3, offset: 2 * length!, length: length! },
    ];
    rig.provider.job = aJob("expired");
    const work = workOf(
      [aRequest("rqaaaa", 3, { ...policy, input, cuts })],
      [aSlice("rqaaaa", 0, 3)],
      rig.provider.job,
    );
    await rig.put(work);
    await rig.turn("harvestTask");
    expect((await rig.results("rqaaaa")).map(({ key, status }) => `${key} ${status}`)).toEqual([
      "key 0 expired",
      "key 1 expired",
      "key 2 expired",
    ]);
    expect((await rig.doc("request", "rqaaaa")).result).toBe("failed");
  });

  it("never announces what does not add up: it waits for somebody, and goes on once it does", async () => {
    const rig = await rigWith(3, policy);
    await rig.turn("harvestTask");
    const request = await rig.doc("request", "rqaaaa");
    await rig.store.save(
      "request",
      request,
      { ...request, state: "closing", itemCount: 4 },
      { asOwner: false, dueAt: START },
    );
    await rig.turn("closeRequest");
    const held = await rig.doc("request", "rqaaaa");
    expect(held).toMatchObject({
      state: "closing",
      waitsFor: "operator",
      lastError: { code: "accounting", message: "3 outcomes for 4 items" },
      dueAt: START + 60_000,
      owner: null,
    });
    rig.move(60_000);
    await rig.turn("closeRequest");
    expect((await rig.doc("request", "rqaaaa")).version).toBe(held.version);
    expect((await rig.facts()).map(({ type }) => type)).toEqual(["task.ended"]);
    const again = await rig.doc("request", "rqaaaa");
    await rig.store.save("request", again, { ...again, itemCount: 3 }, { asOwner: false, dueAt: rig.now() });
    await rig.turn("closeRequest");
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({ state: "ended", waitsFor: null });
    expect(rig.told).toEqual(["outcomes do not add up", "outcomes do not add up"]);
  });
});
