import { describe, expect, it } from "vitest";
import { sampleJob, sampleTask } from "../test/sampleDocuments.ts";
import type { Intent, Stranger, TaskDoc } from "./documents.ts";
import {
  attemptWindow,
  createTimeoutMs,
  fitsWindow,
  isDeclaredNotCreated,
  mayBeJobOf,
} from "./openAttempt.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MARGIN = 15 * MINUTE;
/** Long after the epoch, so that an hour before it is an instant, too. */
const AT = 100 * HOUR;

const INTENT: Intent = {
  nonce: "n",
  at: AT + 1_000,
  startedAt: AT,
  sweepSeq: 7,
  fileId: null,
  revokedAt: null,
  revokedSeq: null,
};

const unknown = (with_: Partial<TaskDoc> = {}): TaskDoc =>
  sampleTask({ state: "unknown", attempt: 1, bytes: 0, intent: INTENT, ...with_ });

/** A job that is the task's by all that can be seen of it. */
const stranger = (with_: Partial<Stranger> = {}): Stranger => ({
  jobId: "msgbatch_1",
  createdAt: AT + 2_000,
  lines: 10,
  firstSeq: 8,
  owner: null,
  ...with_,
});

describe("createTimeoutMs", () => {
  it("grows with what the create has to carry", () => {
    expect(createTimeoutMs(0)).toBe(MINUTE);
    expect(createTimeoutMs(256 * 1024)).toBe(MINUTE + 1_000);
    expect(createTimeoutMs(1)).toBe(MINUTE + 1);
  });
});

describe("attemptWindow", () => {
  it("begins before the intent's own write, and ends when the create must have been answered", () => {
    expect(attemptWindow(unknown({ bytes: 512 * 1024 }))).toEqual({
      taskId: unknown().id,
      lines: 10,
      from: AT,
      to: AT + 1_000 + MINUTE + 2_000,
    });
  });

  it("begins when an earlier copy of the attempt may have been sent, and not later for one that lay ahead", () => {
    const from = [AT - HOUR, 0, AT + HOUR].map(
      (perhapsSentAt) => attemptWindow(unknown({ intent: { ...INTENT, perhapsSentAt } }))?.from,
    );
    expect(from).toEqual([AT - HOUR, 0, AT]);
  });

  it("is none where no intent stands", () => {
    expect(attemptWindow(unknown({ intent: null }))).toBeNull();
  });
});

describe("fitsWindow", () => {
  const window = { taskId: "t", lines: 10, from: AT, to: AT + MINUTE };

  it.each([
    ["before its beginning", AT - MARGIN - 1, false],
    ["at its beginning, by the margin", AT - MARGIN, true],
    ["at its end, by the margin", AT + MINUTE + MARGIN, true],
    ["after its end", AT + MINUTE + MARGIN + 1, false],
  ])("of a job created %s", (_when, createdAt, fits) => {
    expect(fitsWindow({ createdAt, lines: 10 }, window)).toBe(fits);
  });

  it("of a job whose lines are not counted yet may be", () => {
    expect(fitsWindow({ createdAt: AT, lines: 0 }, window)).toBe(true);
  });

  it("of a job of another number of lines is never", () => {
    for (const lines of [9, 11]) expect(fitsWindow({ createdAt: AT, lines }, window)).toBe(false);
  });
});

const may = (task: Partial<TaskDoc> = {}, job: Partial<Stranger> = {}): boolean =>
  mayBeJobOf(unknown(task), stranger(job));

describe("mayBeJobOf", () => {
  it("holds of a job that fits and that nobody knew before", () => {
    expect(may()).toBe(true);
  });

  it("does not hold where time or number of lines do not fit, or no attempt is open", () => {
    expect(may({}, { createdAt: AT + HOUR })).toBe(false);
    expect(may({}, { lines: 9 })).toBe(false);
    expect(may({ intent: null })).toBe(false);
  });

  it("does not hold of a job that was there before the intent, unless the attempt may be older than it says", () => {
    expect(may({}, { firstSeq: 7 })).toBe(false);
    const perhapsSentAt = AT - HOUR;
    expect(may({ intent: { ...INTENT, perhapsSentAt } }, { firstSeq: 7, createdAt: perhapsSentAt })).toBe(
      true,
    );
  });

  it("does not hold of a job it was mistaken about, nor of one it knows", () => {
    expect(may({ mistaken: ["msgbatch_1"] })).toBe(false);
    expect(may({ mistaken: ["msgbatch_2"] })).toBe(true);
    expect(may({ jobs: [sampleJob({ jobId: "msgbatch_1", how: "surplus" })] })).toBe(false);
    expect(may({ jobs: [sampleJob({ jobId: "msgbatch_2", how: "surplus" })] })).toBe(true);
  });

  it("follows what the results say once they say it", () => {
    expect(may({}, { owner: "foreign" })).toBe(false);
    expect(may({}, { owner: "grtest-bbbbbbbbbbbbbbbbbbbb" })).toBe(false);
    expect(may({}, { owner: unknown().id })).toBe(true);
  });
});

describe("isDeclaredNotCreated", () => {
  const said = { at: AT, by: "ann", attempt: 1, says: "not_created", jobId: null, note: "" } as const;

  it("holds of the attempt an operator spoke of, and of that alone", () => {
    expect(isDeclaredNotCreated(unknown({ verdictsOfOperators: [said] }))).toBe(true);
    expect(isDeclaredNotCreated(unknown({ verdictsOfOperators: [said], attempt: 2 }))).toBe(false);
    const attached = { ...said, says: "attached", jobId: "msgbatch_1" } as const;
    expect(isDeclaredNotCreated(unknown({ verdictsOfOperators: [attached] }))).toBe(false);
    expect(isDeclaredNotCreated(unknown())).toBe(false);
  });
});
