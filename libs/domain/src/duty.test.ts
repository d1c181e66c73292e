import { describe, expect, it } from "vitest";
import { sampleAccount, sampleJob, sampleRequest, sampleSweep, sampleTask } from "../test/sampleDocuments.ts";
import type { Revision, TaskDoc } from "./documents.ts";
import { dutyOf, hasOpenSurplus } from "./duty.ts";
import { NO_COUNTS, NO_USAGE } from "./outcome.ts";

const surplus = sampleJob({ jobId: "batch_2", how: "surplus" });
const closed = { ...surplus, closedAt: 5_000 };

function revisionWith(appliedAt: number | null): Revision {
  return {
    path: "verdicts-again-1.jsonl",
    sha256: "",
    bytes: 0,
    rows: 0,
    counts: NO_COUNTS,
    retries: 0,
    costMicros: 0,
    unusedMicros: 0,
    usage: NO_USAGE,
    aside: { duplicate: 0, foreign: 0, detached: 0 },
    at: 1,
    revision: 1,
    appliedAt,
  };
}

const ended = (with_: Partial<TaskDoc>): TaskDoc => sampleTask({ state: "ended", jobs: [surplus], ...with_ });

describe("dutyOf", () => {
  it.each([
    ["accepted", "submitter"],
    ["running", "monitor"],
    ["closing", "harvester"],
    ["ended", null],
  ] as const)("of a request that is %s is %s", (state, role) => {
    expect(dutyOf("request", sampleRequest({ state }))).toBe(role);
  });

  it.each([
    ["packing", "submitter"],
    ["void", "submitter"],
    ["planned", "submitter"],
    ["submitting", "submitter"],
    ["unknown", "monitor"],
    ["running", "monitor"],
    ["harvesting", "harvester"],
    ["settling", "harvester"],
    ["ended", null],
  ] as const)("of a task that is %s is %s", (state, role) => {
    expect(dutyOf("task", sampleTask({ state }))).toBe(role);
  });

  it("of an account is the submitter, of a sweep the monitor", () => {
    expect(dutyOf("account", sampleAccount())).toBe("submitter");
    expect(dutyOf("sweep", sampleSweep())).toBe("monitor");
  });

  it.each([
    ["void", "submitter"],
    ["ended", null],
  ] as const)("of a task that is %s is the monitor until a surplus job is closed", (state, after) => {
    expect(dutyOf("task", sampleTask({ state, jobs: [sampleJob(), surplus] }))).toBe("monitor");
    expect(dutyOf("task", sampleTask({ state, jobs: [sampleJob(), closed] }))).toBe(after);
  });

  it("of an ended task is the harvester until its files are gone or given up, after its surplus jobs", () => {
    const due = { tries: 1, closedAt: null, outcome: null };
    const over = { tries: 1, closedAt: 9, outcome: "left" } as const;
    expect(dutyOf("task", ended({ jobs: [closed], files: due }))).toBe("harvester");
    expect(dutyOf("task", ended({ jobs: [closed], files: over }))).toBeNull();
    expect(dutyOf("task", ended({ files: due }))).toBe("monitor");
  });

  it("of an ended task is the harvester while a replay is asked for or not applied", () => {
    expect(dutyOf("task", ended({ again: { n: 1 } }))).toBe("harvester");
    expect(dutyOf("task", ended({ revisions: [revisionWith(null)] }))).toBe("harvester");
    expect(dutyOf("task", ended({ revisions: [revisionWith(9)] }))).toBe("monitor");
  });
});

describe("hasOpenSurplus", () => {
  it("is true only of a surplus job that is not known to be over", () => {
    expect(hasOpenSurplus({ jobs: [] })).toBe(false);
    expect(hasOpenSurplus({ jobs: [sampleJob()] })).toBe(false);
    expect(hasOpenSurplus({ jobs: [sampleJob({ how: "adopted" }), closed] })).toBe(false);
    expect(hasOpenSurplus({ jobs: [closed, surplus] })).toBe(true);
  });
});
