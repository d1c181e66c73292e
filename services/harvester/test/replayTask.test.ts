import { StoreUnavailable } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { aJob, ANSWER_MICROS, answerLine, aRequest, aSlice, brokenLine, TASK, workOf } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

const schemaOf = (type: string) => ({
  output: {
    type: "json_schema" as const,
    name: "answer",
    schema: { type: "object", properties: { n: { type } }, required: ["n"], additionalProperties: false },
  },
  schemaSha: type,
  retry: { maxAttempts: 1, backoffMs: 0 },
});

/** Two requests of two items in one ended task. The first asked for a number, and was answered with words. */
async function endedTask(): Promise<Rig> {
  const rig = await openRig();
  const lines = [
    answerLine(0, '{"n":"one"}'),
    answerLine(1, '{"n":2}'),
    answerLine(2, '{"n":3}'),
    answerLine(3, '{"n":4}'),
  ];
  rig.provider.files.set("file_r", `${lines.join("\n")}\n`);
  rig.provider.job = aJob("completed", {
    files: { results: "file_r" },
    counts: { total: 4, completed: 4, failed: 0 },
  });
  const requests = [aRequest("rqaaaa", 2, schemaOf("number")), aRequest("rqbbbb", 2, schemaOf("number"))];
  await rig.put(workOf(requests, [aSlice("rqaaaa", 0, 2), aSlice("rqbbbb", 0, 2)], rig.provider.job));
  await rig.turn("harvestTask");
  return rig;
}

/** What the fault in the request was is put right: words are welcome. */
async function putRight(rig: Rig): Promise<void> {
  const request = await rig.doc("request", "rqaaaa");
  const output = { ...schemaOf("string").output, schema: { type: "object" } };
  await rig.store.save("request", request, { ...request, output, schemaSha: "any" }, { asOwner: false });
}

const askAgain = async (rig: Rig, n = 1): Promise<number> =>
  rig.store.signal("task", [TASK], { type: "again", n });
/** Our ids of requests whose revision was told, in order of the ids. */
const revisedIds = async (rig: Rig) =>
  (await revisedFacts(rig)).map(({ data }) => String(data["id"])).toSorted((a, b) => a.localeCompare(b));
const revisedFacts = async (rig: Rig) => (await rig.facts()).filter(({ type }) => type === "request.revised");

describe("a replay", () => {
  it("decides anew from the raw files, says each request's revision once, and pays for nothing", async () => {
    const rig = await endedTask();
    expect((await rig.results("rqaaaa")).map(({ reason }) => reason)).toEqual(["invalid_output", undefined]);
    await rig.results("rqbbbb");
    await putRight(rig);
    await askAgain(rig);
    await rig.turn("harvestTask");
    const task = await rig.doc("task", TASK);
    expect(task).toMatchObject({
      state: "ended",
      again: null,
      dueAt: null,
      verdicts: { counts: { failed: 1 } },
    });
    expect(task.revisions).toMatchObject([
      { revision: 1, path: `shared/${TASK}/verdicts-again-1.jsonl`, rows: 4, counts: { succeeded: 4 } },
    ]);
    expect(task.revisions[0]?.appliedAt).not.toBeNull();
    expect(await rig.store.outcomes("rqaaaa", { limit: 9 })).toMatchObject([
      { status: "succeeded", output: { n: "one" }, revision: 1 },
      { status: "succeeded", revision: 1 },
    ]);
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({
      revision: 1,
      result: "succeeded",
      replays: [`${TASK}:1`],
    });
    const facts = await revisedFacts(rig);
    expect(facts.map(({ data }) => [data["id"], data["revision"], data["result"]])).toEqual([
      ["rqaaaa", 1, "succeeded"],
      ["rqbbbb", 1, "succeeded"],
    ]);
    expect(rig.provider.downloads).toBe(1);
    expect(await rig.store.slicesOf({ request: "rqaaaa", open: true }, { limit: 9 })).toEqual([]);
  });

  it("prices anew what it decides, also lines that travelled again, and the requests cost what their lines do", async () => {
    const rig = await openRig();
    const { prices } = rig.deps.catalogue;
    const priced = (list: typeof prices) => {
      (rig.deps.catalogue as { prices: typeof prices }).prices = list;
    };
    priced([]);
    rig.provider.files.set("file_r", `${brokenLine(0)}\n${answerLine(1, '{"n":2}')}\n`);
    rig.provider.job = aJob("completed", {
      files: { results: "file_r" },
      counts: { total: 2, completed: 2, failed: 0 },
    });
    const retry = { maxAttempts: 2, backoffMs: 0 };
    const request = aRequest("rqaaaa", 2, { ...schemaOf("number"), retry });
    await rig.put(workOf([request], [aSlice("rqaaaa", 0, 2)], rig.provider.job));
    await rig.turn("harvestTask");
    const [first] = await rig.store.slicesOf({ request: "rqaaaa" }, { limit: 1 });
    expect((await rig.doc("task", TASK)).verdicts).toMatchObject({ retries: 1, costMicros: null });
    expect(first).toMatchObject({ state: "settled", costMicros: null, counts: { succeeded: 1 } });
    priced(prices);
    await askAgain(rig);
    await rig.turn("harvestTask");
    const { revisions } = await rig.doc("task", TASK);
    expect(revisions).toMatchObject([{ rows: 2, retries: 1, costMicros: ANSWER_MICROS, unusedMicros: 0 }]);
    expect(await rig.store.slicesOf({ request: "rqaaaa" }, { limit: 1 })).toMatchObject([
      { state: "settled", costMicros: ANSWER_MICROS, counts: { succeeded: 1 } },
    ]);
    expect(await rig.store.outcomes("rqaaaa", { limit: 9 })).toMatchObject([
      { ordinal: 1, costMicros: ANSWER_MICROS, revision: 1 },
    ]);
    await askAgain(rig, 2);
    await rig.turn("harvestTask");
    // The line that travelled again costs what it did: nothing is said of it.
    expect((await rig.doc("task", TASK)).revisions[1]).toMatchObject({ rows: 1, retries: 0 });
    expect((await rig.store.sumSlices("rqaaaa")).costMicros).toBe(ANSWER_MICROS);
  });

  it("asked for twice is one replay; asked for again later it is another, which replaces", async () => {
    const rig = await endedTask();
    await rig.results("rqaaaa");
    await rig.results("rqbbbb");
    await askAgain(rig);
    await askAgain(rig);
    await rig.turn("harvestTask");
    await askAgain(rig);
    expect(await rig.turn("harvestTask")).toBe(0);
    await putRight(rig);
    await askAgain(rig, 2);
    await rig.turn("harvestTask");
    expect((await rig.doc("task", TASK)).revisions.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({
      revision: 2,
      replays: [`${TASK}:1`, `${TASK}:2`],
    });
    expect(await revisedFacts(rig)).toHaveLength(4);
  });

  it("while a request still runs is in its first results, and says no revision of it", async () => {
    const rig = await endedTask();
    await rig.results("rqbbbb");
    await putRight(rig);
    await askAgain(rig);
    await rig.turn("harvestTask");
    expect((await revisedFacts(rig)).map(({ data }) => data["id"])).toEqual(["rqbbbb"]);
    expect((await rig.results("rqaaaa")).map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({ revision: 0, result: "succeeded" });
  });

  it("waits while a request is just being closed", async () => {
    const rig = await endedTask();
    await rig.results("rqbbbb");
    const request = await rig.doc("request", "rqaaaa");
    await rig.store.save(
      "request",
      request,
      { ...request, state: "closing" },
      { asOwner: false, dueAt: rig.now() + 60_000 },
    );
    await askAgain(rig);
    await rig.turn("harvestTask");
    const waiting = await rig.doc("task", TASK);
    expect(waiting).toMatchObject({ revisions: [{ appliedAt: null }], dueAt: rig.now() + 1_000 });
    await rig.results("rqaaaa");
    rig.move(1_000);
    await rig.turn("harvestTask");
    expect((await rig.doc("task", TASK)).revisions[0]?.appliedAt).toBe(rig.now());
    expect(await revisedIds(rig)).toEqual(["rqaaaa", "rqbbbb"]);
  });

  it.each(["save", "putOutcomes"] as const)(
    "that died before a %s is finished by the next turn, and says each revision once",
    async (method) => {
      const rig = await endedTask();
      await rig.results("rqaaaa");
      await rig.results("rqbbbb");
      await putRight(rig);
      await askAgain(rig);
      const write = rig.store[method].bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
      for (let turn = 1; turn <= 5; turn += 1) {
        let calls = 0;
        Object.assign(rig.store, {
          [method]: async (...args: unknown[]) => {
            calls += 1;
            if (calls === turn) throw new StoreUnavailable("died");
            return write(...args);
          },
        });
        await rig.turn("harvestTask");
        rig.move(5_000);
      }
      Object.assign(rig.store, { [method]: write });
      await rig.turn("harvestTask");
      expect((await rig.doc("task", TASK)).revisions).toMatchObject([
        { revision: 1, rows: 4, counts: { succeeded: 4 } },
      ]);
      expect(await revisedIds(rig)).toEqual(["rqaaaa", "rqbbbb"]);
      expect(await rig.store.countOutcomes("rqaaaa")).toMatchObject({ succeeded: 2 });
    },
  );

  it("speaks only of items whose last word was this task's", async () => {
    const rig = await openRig();
    rig.provider.job = aJob("expired");
    await rig.put(workOf([aRequest("rqaaaa", 2)], [aSlice("rqaaaa", 0, 2)], rig.provider.job));
    await rig.turn("harvestTask");
    await askAgain(rig);
    await rig.turn("harvestTask");
    // Both travelled again: what became of them is another task's to say.
    expect((await rig.doc("task", TASK)).revisions).toMatchObject([{ rows: 0 }]);
    expect(await rig.store.outcomes("rqaaaa", { limit: 9 })).toEqual([]);
  });
});
