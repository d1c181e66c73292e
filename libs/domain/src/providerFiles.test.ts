import { describe, expect, it } from "vitest";
import { sampleJob, sampleTask } from "../test/sampleDocuments.ts";
import { FILE, SITUATIONS, verdictsWith } from "../test/taskSituations.ts";
import type { ProviderView, TaskDoc } from "./documents.ts";
import { decideTask } from "./task.ts";
import { isHarvested, providerFilesOf } from "./providerFiles.ts";

const results = { ...FILE, kind: "results", lines: 10, fileId: "file_out" } as const;
const errors = { ...FILE, path: "errors", kind: "errors", lines: 3, fileId: "file_err" } as const;

function view(status: ProviderView["status"], counts: ProviderView["counts"]): ProviderView {
  return { ...SITUATIONS.running.view!, status, counts };
}

const task = (with_: Partial<TaskDoc>): TaskDoc =>
  sampleTask({
    state: "settling",
    file: { id: "file_in", expiresAt: null },
    jobs: [sampleJob()],
    view: view("completed", { total: 10, completed: 10, failed: 0 }),
    raw: [results],
    verdicts: verdictsWith({ succeeded: 10 }),
    ...with_,
  });
const lacking = (lines: number | undefined): Partial<TaskDoc> => {
  const { lacking: _none, ...verdicts } = verdictsWith({ succeeded: 10 });
  return { verdicts: { ...verdicts, ...(lines === undefined ? {} : { lacking: lines }) } };
};

function finish(with_: Partial<TaskDoc>, removeFiles = true) {
  return decideTask({ type: "finish", at: 9, removeFiles }, task(with_))[0];
}

describe("the files of a task at its provider", () => {
  it("are what was sent and what was copied, each once, and none that an older version recorded without a name", () => {
    const { fileId: _none, ...nameless } = errors;
    expect(providerFilesOf(task({ raw: [results, errors, results, nameless] }))).toEqual([
      "file_in",
      "file_out",
      "file_err",
    ]);
    expect(providerFilesOf(task({ file: null, raw: [] }))).toEqual([]);
    expect(providerFilesOf(task({ foreign: true })), "somebody else's job").toEqual([]);
  });

  it.each<readonly [string, boolean, Partial<TaskDoc>]>([
    ["a completed job's lines all came", true, {}],
    ["a completed job lacks a line, whatever it counted", false, lacking(1)],
    ["an older version did not say how many came", false, lacking(undefined)],
    [
      "all that an expired job had done came",
      true,
      { ...lacking(3), view: view("expired", { total: 10, completed: 4, failed: 3 }) },
    ],
    [
      "a line lacks that an expired job had done",
      false,
      { ...lacking(4), view: view("expired", { total: 10, completed: 4, failed: 3 }) },
    ],
    ["a job failed as a whole and says no counts", true, { ...lacking(10), view: view("failed", null) }],
    [
      "a cancelled job says no counts and lines lack",
      false,
      { ...lacking(1), view: view("cancelled", null) },
    ],
    ["a cancelled job says no counts and all came", true, { view: view("cancelled", null) }],
    ["nothing was ever sent", true, { noFetch: "ended", view: null, raw: [], jobs: [] }],
    ["the create was refused", true, { noFetch: "job_rejected", view: null, raw: [], jobs: [] }],
    ["the job is lost", false, { noFetch: "job_lost", raw: [] }],
    ["the results are gone", false, { noFetch: "results_unavailable" }],
    ["nothing was seen of the job", false, { view: null }],
    ["nothing was decided", false, { verdicts: null }],
    ["the job may be another's", false, { jobs: [sampleJob({ how: "provisional" })] }],
  ])("are worth nothing any more or not: %s (%s)", (_why, harvested, with_) => {
    expect(isHarvested(task(with_))).toBe(harvested);
  });

  it("are to be removed from the task's end on, by the account's policy, where there are any and all lies here", () => {
    expect(finish({})).toMatchObject({ type: "ended", removeFiles: true });
    expect(finish({}, false)).not.toHaveProperty("removeFiles");
    expect(finish({ noFetch: "job_lost" })).not.toHaveProperty("removeFiles");
    expect(finish({ file: null, raw: [] })).not.toHaveProperty("removeFiles");
    expect(finish({ foreign: true })).not.toHaveProperty("removeFiles");
  });
});
