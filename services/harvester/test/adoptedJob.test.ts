import type { JobStatus, RequestDoc, Slice, TaskDoc } from "@granary/domain";
import { lateTask } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { aJob, ANSWER_MICROS, answerLine, aRequest, aSlice, START, TASK, workOf } from "./documents.ts";
import { endsOf } from "./endedJob.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** What the script called its lines: two of them in our own form. */
const IDS = ["row 1", `${TASK}-0`, "zeile/3", "3"];

const renamed = (line: string, id: string): string =>
  JSON.stringify({ ...(JSON.parse(line) as object), custom_id: id });
const answer = (id: string, text = `to ${id}`): string => renamed(answerLine(0, text), id);

interface Ended {
  readonly status?: JobStatus;
  readonly results?: readonly string[];
  readonly errors?: readonly { readonly code: string; readonly message: string; readonly line: null }[];
  readonly request?: Partial<RequestDoc>;
}

/** A script's job of four lines that ended so, after it was adopted. */
async function harvested({ status = "completed", results = [], errors = [], request = {} }: Ended): Promise<{
  readonly rig: Rig;
  readonly task: TaskDoc;
}> {
  // An account that removes the files of its own jobs.
  const rig = await openRig(undefined, "remove");
  rig.provider.files.set("file_r", results.map((line) => `${line}\n`).join(""));
  const job = aJob(status, {
    tag: null,
    counts: { total: 4, completed: results.length, failed: 0 },
    files: results.length > 0 ? { results: "file_r" } : {},
    errors,
  });
  rig.provider.job = job;
  const doc = aRequest("rqaaaa", 4, {
    adopts: { jobId: job.jobId, createdAt: START, timeoutAt: null },
    retry: { maxAttempts: 1, backoffMs: 0 },
    ...request,
  });
  const work = workOf([doc], [aSlice("rqaaaa", 0, 4)], job, { foreign: true });
  const rows = work.manifest.trimEnd().split("\n");
  const manifest = rows
    .map((row, line) => `${JSON.stringify({ ...(JSON.parse(row) as object), customId: IDS[line] })}\n`)
    .join("");
  await rig.put({ ...work, manifest });
  rig.move(10_000);
  await rig.turn("harvestTask");
  return { rig, task: await rig.doc("task", TASK) };
}

const childOf = async (rig: Rig): Promise<readonly Slice[]> => rig.store.loadSlices(["rqaaaa.000000.001"]);

describe("an adopted job", () => {
  it("is judged by the ids its maker gave its lines, in whatever order they come", async () => {
    const { rig, task } = await harvested({ results: IDS.toReversed().map((id) => answer(id)) });
    expect(task).toMatchObject({
      state: "ended",
      result: "succeeded",
      verdicts: { rows: 4, costMicros: 4 * ANSWER_MICROS, aside: { duplicate: 0, foreign: 0, detached: 0 } },
    });
    const outcomes = await rig.store.outcomes("rqaaaa", { limit: 9 });
    expect(outcomes.map(({ output }) => output)).toEqual(IDS.map((id) => `to ${id}`));
  });

  it("tells lines of the wrong file as missing, counts strangers and doubles, and nothing travels again", async () => {
    const { rig, task } = await harvested({
      results: [answer("3"), answer("3", "again"), answer("row 2"), answer(`${TASK}-3`)],
    });
    expect(await endsOf(rig, task)).toEqual([
      "final missing",
      "final missing",
      "final missing",
      "final succeeded",
    ]);
    expect(task.verdicts?.aside).toEqual({ duplicate: 1, foreign: 2, detached: 0 });
    expect(await childOf(rig)).toEqual([]);
  });

  it("that expired half done keeps what is there, and creates no other job", async () => {
    const { rig, task } = await harvested({ status: "expired", results: [answer("row 1")] });
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "final expired",
      "final expired",
      "final expired",
    ]);
    expect(task.result).toBe("partial");
    expect(await childOf(rig)).toEqual([]);
  });

  it.each(["token_limit_exceeded", "insufficient_quota"])(
    "that was refused with %s takes no free journey, where nobody asked for another attempt",
    async (code) => {
      const refused = { status: "failed" as const, errors: [{ code, message: "no", line: null }] };
      const { rig, task } = await harvested(refused);
      expect(new Set(await endsOf(rig, task))).toEqual(new Set(["final job_rejected"]));
      expect(await childOf(rig)).toEqual([]);
      const asked = await harvested({ ...refused, request: { retry: { maxAttempts: 2, backoffMs: 0 } } });
      expect(new Set(await endsOf(asked.rig, asked.task))).toEqual(new Set(["retry job_rejected"]));
      expect(await childOf(asked.rig)).toMatchObject([{ state: "pending", attempts: 0, lines: 4 }]);
    },
  );

  it("whose items may travel more than once lets those that failed travel as any others do", async () => {
    const { rig } = await harvested({
      results: [answer("row 1"), answer("3")],
      request: { retry: { maxAttempts: 2, backoffMs: 0 } },
    });
    expect(await childOf(rig)).toMatchObject([
      { state: "pending", taskId: null, attempts: 1, members: { from: 1, to: 3 } },
    ]);
  });

  it("that another request holds ends all items as cancelled, with nothing fetched or paid", async () => {
    const rig = await openRig();
    const doc = aRequest("rqaaaa", 4, { end: { at: START, why: "cancelled" } });
    const slice = aSlice("rqaaaa", 0, 4);
    const { manifest, task: sample } = workOf([doc], [slice], aJob());
    const carried = {
      lines: 4,
      bytes: 1,
      tokens: 1,
      estimateMicros: 5,
      bySource: {},
      request: doc.id,
      requests: 1,
      sliceCount: 1,
    };
    const given = {
      id: TASK,
      by: "n",
      request: doc,
      adoption: { jobId: "batch_1", createdAt: START, timeoutAt: null },
      manifest: sample.manifest ?? { path: "", sha256: "", bytes: 0 },
      carried,
      at: START,
    };
    await rig.put({ requests: [doc], slices: [slice], task: lateTask(given, "grtest-b"), manifest });
    await rig.turn("harvestTask");
    const task = await rig.doc("task", TASK);
    expect(task).toMatchObject({
      state: "ended",
      result: "cancelled",
      verdicts: { costMicros: 0, retries: 0 },
    });
    expect(await endsOf(rig, task)).toEqual(IDS.map(() => "final cancelled"));
    expect(rig.provider.downloads).toBe(0);
    await rig.results("rqaaaa");
    expect(await rig.doc("request", "rqaaaa")).toMatchObject({
      state: "ended",
      result: "cancelled",
      costMicros: 0,
    });
  });

  it("keeps its files at the provider: they are its maker's", async () => {
    const { rig, task } = await harvested({ results: IDS.map((id) => answer(id)) });
    expect(task).toMatchObject({ state: "ended", dueAt: null });
    expect(task.files).toBeUndefined();
    expect(rig.provider.removed).toEqual([]);
  });
});
