import { describe, expect, it } from "vitest";
import { sampleRequest } from "../test/sampleDocuments.ts";
import { adoptingTask, lateTask } from "./adoptingTask.ts";
import type { AdoptingTask } from "./adoptingTask.ts";
import { dutyOf } from "./duty.ts";
import { decideTask } from "./task.ts";

const REQUEST = sampleRequest({});
const GIVEN: AdoptingTask = {
  id: "grtest-aaaaaaaaaaaaaaaaaaaa",
  by: "nonce",
  request: REQUEST,
  adoption: { jobId: "batch_1", createdAt: 1_000, timeoutAt: 9_000 },
  manifest: { path: "m", sha256: "0".repeat(64), bytes: 1 },
  carried: {
    lines: 3,
    bytes: 30,
    tokens: 3,
    estimateMicros: null,
    bySource: {},
    request: REQUEST.id,
    requests: 1,
    sliceCount: 1,
  },
  at: 5_000,
};

describe("adoptingTask", () => {
  it("runs, is the monitor's and nobody's yet, and tells of it", () => {
    const { next, facts } = adoptingTask(GIVEN);
    expect(next).toMatchObject({
      state: "running",
      foreign: true,
      holds: `${REQUEST.account}/batch_1`,
      jobs: [{ jobId: "batch_1", how: "adopted", seenAt: 5_000 }],
      submittedAt: 1_000,
      timeoutAt: 9_000,
      dueAt: 5_000,
      owner: null,
      leaseUntil: 0,
      claim: 0,
      attempt: 0,
      intent: null,
      lines: 3,
      model: REQUEST.model,
    });
    expect(dutyOf("task", next)).toBe("monitor");
    expect(facts).toMatchObject([{ type: "task.adopted", data: { jobId: "batch_1", request: REQUEST.id } }]);
  });

  it("has no time limit where its job has ended", () => {
    const adoption = { ...GIVEN.adoption, timeoutAt: null };
    expect(adoptingTask({ ...GIVEN, adoption }).next.timeoutAt).toBeNull();
  });

  it("can be neither voided nor admitted nor sent", () => {
    const { next } = adoptingTask(GIVEN);
    const intent = { nonce: "n", at: 1, startedAt: 1, sweepSeq: 0, fileId: null };
    for (const command of [
      { type: "void", at: 1 },
      { type: "admit" },
      { type: "recordIntent", intent },
    ] as const)
      expect(() => decideTask(command, next)).toThrow(command.type);
  });
});

describe("lateTask", () => {
  it("is to be harvested with nothing to fetch, holds no job, and says who does", () => {
    const late = lateTask(GIVEN, "grtest-bbbbbbbbbbbbbbbbbbbb");
    expect(late).toMatchObject({
      state: "harvesting",
      noFetch: "ended",
      end: { at: 5_000, why: "cancelled" },
      jobs: [],
      holds: `-/${GIVEN.id}`,
      dueAt: 5_000,
      lastError: { code: "job_held", message: "batch_1 is held by task grtest-bbbbbbbbbbbbbbbbbbbb already" },
    });
    expect(dutyOf("task", late)).toBe("harvester");
  });
});
