import type { JobStatus, RequestDoc, TaskDoc, VerdictRow } from "@granary/domain";
import { describe, expect, it } from "vitest";
import {
  aJob,
  ANSWER_MICROS,
  answerLine,
  aRequest,
  aSlice,
  brokenLine,
  errorLine,
  START,
  TASK,
  workOf,
} from "./documents.ts";
import { folderOf, oneChunk, openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

interface Ended {
  readonly status?: JobStatus;
  readonly results?: readonly string[];
  readonly errors?: readonly string[];
  /** Lines the provider counts beyond those it shows. */
  readonly hidden?: number;
  readonly items?: number;
  readonly request?: Partial<RequestDoc>;
  readonly task?: Partial<TaskDoc>;
}

/** One request of four items in a task of its own, whose job ended so. */
async function rigWith({
  status = "completed",
  results = [],
  errors = [],
  hidden = 0,
  items = 4,
  request = {},
  task = {},
}: Ended): Promise<Rig> {
  const rig = await openRig();
  const file = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
  rig.provider.files.set("file_r", file(results)).set("file_e", file(errors));
  const job = aJob(status, {
    counts: { total: items, completed: results.length + hidden, failed: errors.length },
    files: {
      ...(results.length > 0 ? { results: "file_r" } : {}),
      ...(errors.length > 0 ? { errors: "file_e" } : {}),
    },
  });
  rig.provider.job = job;
  await rig.put(workOf([aRequest("rqaaaa", items, request)], [aSlice("rqaaaa", 0, items)], job, task));
  return rig;
}

const harvest = async (rig: Rig, ms = 0): Promise<TaskDoc> => {
  rig.move(ms);
  await rig.turn("harvestTask");
  return rig.doc("task", TASK);
};
const answers = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => answerLine(from + at, `answer ${from + at}`));
const rowsOf = async (rig: Rig, task: TaskDoc): Promise<readonly VerdictRow[]> =>
  (await rig.lines(task.verdicts?.path ?? "")) as VerdictRow[];
/** How each line ended, in the order of the lines. */
const endsOf = async (rig: Rig, task: TaskDoc): Promise<readonly string[]> =>
  (await rowsOf(rig, task))
    .toSorted((a, b) => a.line - b.line)
    .map(({ end, status, reason }) => `${end} ${reason ?? status}`);

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

describe("files that are not all there", () => {
  it("are waited for while the settle window is open, and nothing is stored of them", async () => {
    const rig = await rigWith({ results: answers(2), hidden: 2 });
    const waiting = await harvest(rig, 500);
    expect(waiting).toMatchObject({
      state: "harvesting",
      waitsFor: "settle",
      raw: [],
      dueAt: START + 1_000,
      strikes: 0,
    });
    expect(await rig.deps.artifacts.stat(`${folderOf(waiting)}/provider/results.jsonl`)).toBeNull();
    rig.provider.files.set("file_r", `${answers(4).join("\n")}\n`);
    expect(await harvest(rig, 500)).toMatchObject({ state: "ended", result: "succeeded" });
    expect(rig.told).toEqual(["result files not there yet"]);
  });

  it("are taken as they are once the window is over", async () => {
    const rig = await rigWith({ results: answers(2), hidden: 2 });
    await harvest(rig);
    const task = await harvest(rig, 2_000);
    expect(task).toMatchObject({ state: "ended", raw: [{ lines: 2 }] });
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "final succeeded",
      "retry missing",
      "retry missing",
    ]);
  });

  it("are waited for also where the job names none, or is not found", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.job = aJob("completed", { counts: { total: 4, completed: 4, failed: 0 } });
    expect((await harvest(rig)).waitsFor).toBe("settle");
    rig.provider.job = null;
    expect((await harvest(rig, 500)).state).toBe("harvesting");
    const task = await harvest(rig, 2_000);
    expect(await endsOf(rig, task)).toEqual(Array.from({ length: 4 }, () => "retry missing"));
  });

  it("are waited for where the download fails, or breaks off", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.files.delete("file_r");
    expect((await harvest(rig)).waitsFor).toBe("settle");
    rig.provider.files.set("file_r", `${answers(3).join("\n")}\n{"custom`);
    // The torn line is a line: the provider counts four, and four came.
    expect((await harvest(rig, 500)).raw).toMatchObject([{ lines: 4 }]);
  });

  it("that an earlier turn brought are used again, without a download", async () => {
    const rig = await rigWith({ results: answers(4) });
    const path = `rqaaaa/${TASK}/provider/results.jsonl`;
    await rig.deps.artifacts.put(path, oneChunk(`${answers(4).join("\n")}\n`));
    const task = await harvest(rig);
    expect([rig.provider.downloads, task.raw.length, task.raw[0]?.path]).toEqual([0, 1, path]);
    expect(task.result).toBe("succeeded");
  });

  it("that an earlier turn brought only in part are left, and the whole ones lie beside them", async () => {
    const rig = await rigWith({ results: answers(4) });
    const folder = `rqaaaa/${TASK}/provider`;
    await rig.deps.artifacts.put(`${folder}/results.jsonl`, oneChunk(`${answers(1).join("\n")}\n`));
    const task = await harvest(rig);
    expect(task.raw).toMatchObject([{ path: `${folder}/results-2.jsonl`, lines: 4 }]);
    expect(await rig.lines(`${folder}/results.jsonl`)).toHaveLength(1);
  });

  it("that somebody else was quicker to store are recorded as they lie there", async () => {
    const rig = await rigWith({ results: answers(4) });
    const path = `rqaaaa/${TASK}/provider/results.jsonl`;
    rig.provider.before = async () => {
      await rig.deps.artifacts.put(path, oneChunk(`${answers(4).toReversed().join("\n")}\n`));
    };
    const task = await harvest(rig);
    const [stored] = task.raw;
    expect(stored).toMatchObject({ path, lines: 4 });
    expect(await rig.lines(path)).toMatchObject([{ custom_id: `${TASK}-3` }, {}, {}, {}]);
    expect(task.result).toBe("succeeded");
  });
});

describe("a job that did not do its work", () => {
  it("keeps what was delivered of an expired one, and lets the rest travel again", async () => {
    const rig = await rigWith({
      status: "expired",
      results: answers(2),
      errors: [errorLine(2, "batch_expired")],
    });
    expect(await endsOf(rig, await harvest(rig))).toEqual([
      "final succeeded",
      "final succeeded",
      "retry expired",
      "retry expired",
    ]);
  });

  it("keeps what was delivered of a cancelled one, and cancels the rest", async () => {
    const rig = await rigWith({
      status: "cancelled",
      results: answers(1),
      errors: [errorLine(1, "batch_cancelled")],
      task: { end: { at: START, why: "cancelled" } },
    });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      ...Array.from({ length: 3 }, () => "final cancelled"),
    ]);
    expect(task.result).toBe("partial");
  });

  it("says that a deadline cut what was cancelled for it", async () => {
    const rig = await rigWith({
      status: "cancelled",
      request: { end: { at: START, why: "deadline" } },
      task: { end: { at: START, why: "deadline" } },
    });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual(Array.from({ length: 4 }, () => "final expired"));
    expect(await rig.store.loadSlices(["rqaaaa.000000.000"])).toMatchObject([{ cutBy: "deadline" }]);
    expect(task.result).toBe("timed_out");
  });

  it.each([
    ["token_limit_exceeded", "limit", "create:gpt-4o-mini"],
    ["insufficient_quota", "account", "*"],
  ] as const)(
    "travels again at no cost after %s, while what it speaks of is paused",
    async (code, why, scope) => {
      const rig = await openRig();
      const job = aJob("failed", { errors: [{ code, message: "too much", line: null }] });
      await rig.put(workOf([aRequest("rqaaaa", 2)], [aSlice("rqaaaa", 0, 2, { attempts: 2 })], job));
      const account = {
        ...(await rig.doc("task", TASK)),
        id: "openai:simulated",
        state: "open",
        pauses: {},
        learned: {},
      };
      await rig.store.insertOnce("account", account as never);
      expect(await endsOf(rig, await harvest(rig))).toEqual(["retry job_rejected", "retry job_rejected"]);
      expect(await rig.store.loadSlices(["rqaaaa.000000.001"])).toMatchObject([
        { state: "pending", attempts: 2 },
      ]);
      expect((await rig.doc("account", "openai:simulated")).pauses[scope]).toMatchObject({ why, code });
      expect(rig.provider.downloads).toBe(0);
    },
  );

  it("ends the lines that are named as invalid, and the others travel alone at no cost", async () => {
    const rig = await openRig();
    const job = aJob("failed", {
      errors: [{ code: "invalid_json_line", message: "line 2 is none", line: 2 }],
    });
    await rig.put(
      workOf(
        [aRequest("rqaaaa", 2), aRequest("rqbbbb", 1)],
        [aSlice("rqaaaa", 0, 2), aSlice("rqbbbb", 0, 1)],
        job,
      ),
    );
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "retry job_rejected",
      "final invalid_request",
      "retry job_rejected",
    ]);
    const [child] = await rig.store.loadSlices(["rqbbbb.000000.001"]);
    expect(child).toMatchObject({ attempts: 0, state: "pending" });
    expect(JSON.parse(child?.poolKey ?? "")).toEqual([
      "openai:simulated",
      "gpt-4o-mini",
      "/v1/chat/completions",
      "rqbbbb",
      null,
    ]);
  });

  it("of one request that is rejected with no line named ends all its items", async () => {
    const rig = await openRig();
    await rig.put(
      workOf(
        [aRequest("rqaaaa", 2)],
        [aSlice("rqaaaa", 0, 2)],
        aJob("failed", { errors: [{ code: "invalid_request", message: "no", line: null }] }),
      ),
    );
    expect(await endsOf(rig, await harvest(rig))).toEqual(["final job_rejected", "final job_rejected"]);
  });

  it("that was refused at its create, or lost, is judged with nothing fetched", async () => {
    const lastError = { code: "400", message: "no such endpoint", at: START };
    for (const [noFetch, ends] of [
      ["job_rejected", "final job_rejected"],
      ["job_lost", "final job_lost"],
    ] as const) {
      const rig = await rigWith({
        results: answers(4),
        task: { noFetch, lastError, ...(noFetch === "job_rejected" ? { view: null } : {}) },
      });
      const task = await harvest(rig);
      expect([...new Set(await endsOf(rig, task))]).toEqual([ends]);
      expect([rig.provider.downloads, task.result]).toEqual([0, "failed"]);
    }
  });

  it("whose slices were all taken out ends without a row", async () => {
    const rig = await openRig();
    const taken = aSlice("rqaaaa", 0, 2, { state: "ending", endedBy: "cancelled" });
    const end = { at: START, why: "cancelled" } as const;
    await rig.put(workOf([aRequest("rqaaaa", 2)], [taken], aJob("cancelled"), { end, noFetch: "ended" }));
    expect(await harvest(rig)).toMatchObject({ state: "ended", result: "cancelled", verdicts: { rows: 0 } });
    expect(await rig.store.loadSlices([taken.id])).toMatchObject([{ state: "ending" }]);
  });
});
