import { describe, expect, it } from "vitest";
import { aJob, ANSWER_MICROS, answerLine, aRequest, aSlice, brokenLine, START, workOf } from "./documents.ts";
import { answers, endsOf, harvest, rigWith } from "./endedJob.ts";
import { folderOf, openRig } from "./rig.ts";

describe("a job that is completed", () => {
  it("is fetched, judged, settled and told, and wakes its request", async () => {
    const rig = await rigWith({ results: answers(4).toReversed() });
    const task = await harvest(rig);
    expect(task).toMatchObject({ state: "ended", result: "succeeded", dueAt: null, owner: null });
    const path = `${folderOf(task)}/provider/results.jsonl`;
    expect(task.raw).toMatchObject([{ kind: "results", path, lines: 4 }]);
    expect(task.verdicts).toMatchObject({
      path: `${folderOf(task)}/verdicts-1.jsonl`,
      rows: 4,
      retries: 0,
      counts: { succeeded: 4 },
      costMicros: 4 * ANSWER_MICROS,
      unusedMicros: 0,
    });
    expect(await rig.store.loadSlices(["rqaaaa.000000.000"])).toMatchObject([
      {
        state: "settled",
        counts: { succeeded: 4 },
        costMicros: 4 * ANSWER_MICROS,
        usage: { inputTokens: 4_000 },
      },
    ]);
    const outcomes = await rig.store.outcomes("rqaaaa", { limit: 9 });
    expect(outcomes.map(({ output }) => output)).toEqual(["answer 0", "answer 1", "answer 2", "answer 3"]);
    expect((await rig.doc("request", "rqaaaa")).dueAt).toBe(START);
    expect(await rig.facts()).toMatchObject([
      { type: "task.ended", data: { jobId: "batch_1", result: "succeeded" } },
    ]);
  });

  it("lets what may do better travel again, and only that, before its slice is settled", async () => {
    const rig = await rigWith({
      results: [answerLine(0, "a"), answerLine(3, "b", "content_filter")],
      errors: [brokenLine(1)],
      hidden: 0,
    });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "retry provider_error",
      "retry missing",
      "final refused",
    ]);
    expect(task).toMatchObject({
      result: "partial",
      verdicts: { retries: 2, counts: { succeeded: 1, failed: 1 } },
    });
    expect(await rig.store.loadSlices(["rqaaaa.000000.001"])).toMatchObject([
      { state: "pending", attempts: 1, members: { from: 1, to: 3 }, taskId: null, lines: 2 },
    ]);
    expect(await rig.store.countOutcomes("rqaaaa")).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it("counts apart what is nobody's verdict: doubles, strangers, and what was taken out", async () => {
    const rig = await openRig();
    const results = [
      answerLine(0, "first"),
      answerLine(0, "second"),
      answerLine(9, "none"),
      "no json",
      "",
      answerLine(1, "x", "stop", "grelse-bbbbbbbbbbbbbbbbbbbb"),
      answerLine(2, "late"),
      answerLine(1, "b"),
    ];
    rig.provider.files.set("file_r", results.join("\n"));
    rig.provider.job = aJob("completed", {
      files: { results: "file_r" },
      counts: { total: 3, completed: 3, failed: 0 },
    });
    const taken = aSlice("rqbbbb", 0, 1, { state: "settled", endedBy: "cancelled" });
    await rig.put(
      workOf(
        [aRequest("rqaaaa", 2), aRequest("rqbbbb", 1)],
        [aSlice("rqaaaa", 0, 2), taken],
        rig.provider.job,
      ),
    );
    const task = await harvest(rig);
    expect(task.verdicts).toMatchObject({
      rows: 2,
      aside: { duplicate: 1, foreign: 3, detached: 1 },
      costMicros: 2 * ANSWER_MICROS,
      unusedMicros: 2 * ANSWER_MICROS,
    });
    expect(await rig.store.outcomes("rqaaaa", { limit: 9 })).toMatchObject([
      { output: "first" },
      { output: "b" },
    ]);
    expect(await rig.store.outcomes("rqbbbb", { limit: 9 })).toEqual([]);
  });

  it("with a line that is torn harms that line alone", async () => {
    const rig = await rigWith({
      results: [...answers(3), '{"custom_id":"grtest-aaaaaaaaaaaaaaaaaaaa-3","respo'],
    });
    expect(await endsOf(rig, await harvest(rig))).toEqual([
      ...Array.from({ length: 3 }, () => "final succeeded"),
      "retry unparseable",
    ]);
  });

  it("keeps to what the request may still cost", async () => {
    const rig = await rigWith({ results: answers(1), request: { maxCostMicros: ANSWER_MICROS + 10 } });
    const task = await harvest(rig);
    // An item's share of the estimate is five: two fit, the third does not.
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "retry missing",
      "retry missing",
      "final over_budget",
    ]);
  });

  it("checks answers against the schema", async () => {
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    };
    const output = { type: "json_schema", name: "answer", schema } as const;
    const results = [
      answerLine(0, '{"answer":"yes"}'),
      answerLine(1, '{"answer":1}'),
      answerLine(2, '{"ans', "length"),
      answerLine(3, "", "content_filter"),
    ];
    const rig = await rigWith({ results, request: { output, schemaSha: "sha" } });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "final invalid_output",
      "final truncated",
      "final refused",
    ]);
    expect(await rig.store.outcomes("rqaaaa", { limit: 1 })).toMatchObject([{ output: { answer: "yes" } }]);
  });
});
