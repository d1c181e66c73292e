import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sliceId } from "./ids.ts";
import { FAILURE_REASONS, NO_USAGE, OUTCOME_STATUSES } from "./outcome.ts";
import type { FailureReason, Usage } from "./outcome.ts";
import { outcomeOf, verdictRow } from "./verdicts.ts";
import type { Judgement, RetryContext } from "./verdicts.ts";

const usage: Usage = { inputTokens: 10, outputTokens: 5, cachedTokens: 0, reasoningTokens: 0 };
const end = (why: "cancelled" | "deadline" | "timeout") => ({ at: 1, why });
const slice = (attempts = 0, generation = 0) => ({ id: sliceId("rq1", 2, generation), attempts });
const context = (with_: Partial<RetryContext> = {}): RetryContext => ({
  policy: { maxAttempts: 3, backoffMs: 0 },
  spentMicros: 0,
  retryEstimateMicros: 5,
  maxCostMicros: null,
  ended: null,
  ...with_,
});
const failed = (reason: FailureReason, with_: Partial<Judgement> = {}): Judgement => ({
  status: "failed",
  reason,
  error: { code: "c", message: "m" },
  usage,
  ...with_,
});
const answered: Judgement = { status: "succeeded", finish: "stop", output: "hello", usage };
const expired: Judgement = { status: "expired", usage: NO_USAGE };
const at = { line: 7, slice: slice(), ordinal: 42 };
const ref = { path: "p", offset: 1, length: 2 };

const endOf = (why: "cancelled" | "deadline" | "timeout") =>
  verdictRow(at, failed("missing"), 0, context({ ended: end(why) }), ref).end;
const kept = (output: unknown): boolean =>
  "output" in verdictRow(at, { ...answered, output }, 0, context(), ref);

describe("a row of the verdicts", () => {
  it("says where the line is, what became of it, what it cost and where it lies", () => {
    expect(verdictRow(at, answered, 9, context(), ref)).toEqual({
      line: 7,
      slice: "rq1.000002.000",
      ordinal: 42,
      attempt: 1,
      end: "final",
      status: "succeeded",
      finish: "stop",
      output: "hello",
      usage,
      costMicros: 9,
      rawRef: ref,
    });
  });

  it("counts the attempt it was, and has no reference where there is no line", () => {
    const row = verdictRow({ ...at, slice: slice(1) }, expired, null, context(), undefined);
    expect(row).toEqual({
      line: 7,
      slice: "rq1.000002.000",
      ordinal: 42,
      attempt: 2,
      end: "retry",
      status: "expired",
      usage: NO_USAGE,
      costMicros: null,
    });
  });

  it.each(FAILURE_REASONS)("of %s travels again only where that may help", (reason) => {
    const again = ["provider_error", "rate_limited", "missing", "unparseable"].includes(reason);
    const row = verdictRow(at, failed(reason), 9, context(), ref);
    expect([row.end, row.status, row.reason]).toEqual([again ? "retry" : "final", "failed", reason]);
  });

  it("is final once the attempts are used up", () => {
    const policy = { maxAttempts: 2, backoffMs: 0 };
    const ends = [0, 1].map(
      (used) => verdictRow({ ...at, slice: slice(used) }, expired, 0, context({ policy }), undefined).end,
    );
    expect(ends).toEqual(["retry", "final"]);
  });

  it("is final once the request has ended, but not where only we ran out of patience", () => {
    expect([endOf("cancelled"), endOf("deadline"), endOf("timeout")]).toEqual(["final", "final", "retry"]);
  });

  it.each([
    ["deadline", expired, "deadline"],
    ["timeout", expired, "timeout"],
    ["cancelled", expired, undefined],
    ["deadline", failed("refused"), undefined],
    ["timeout", answered, undefined],
  ] as const)("that a %s met says what cut it, where something did (%#)", (why, judgement, cutBy) => {
    expect(verdictRow(at, judgement, 0, context({ ended: end(why) }), undefined).cutBy).toBe(cutBy);
  });
});

describe("a row that would cost too much", () => {
  it.each([
    ["fits exactly", { spentMicros: 15, maxCostMicros: 20 }, "retry", "missing"],
    ["is one too much", { spentMicros: 16, maxCostMicros: 20 }, "final", "over_budget"],
    ["cannot be known, by what was spent", { spentMicros: null, maxCostMicros: 20 }, "final", "over_budget"],
    [
      "cannot be known, by its estimate",
      { retryEstimateMicros: null, maxCostMicros: 20 },
      "final",
      "over_budget",
    ],
    ["has no maximum", { spentMicros: null, retryEstimateMicros: null }, "retry", "missing"],
  ] as const)("when its next attempt %s", (_name, money, ends, reason) => {
    const row = verdictRow(at, failed("missing"), 0, context(money), undefined);
    expect([row.end, row.status, row.reason]).toEqual([ends, "failed", reason]);
  });

  it("says so in its error, also where it had only expired", () => {
    const row = verdictRow(at, expired, 0, context({ spentMicros: 99, maxCostMicros: 20 }), undefined);
    expect(row).toMatchObject({
      end: "final",
      status: "failed",
      reason: "over_budget",
      error: { code: "over_budget" },
    });
  });
});

describe("a journey that costs no attempt", () => {
  const free = failed("job_rejected", { again: "free" });
  const solo = failed("job_rejected", { again: "solo" });

  it("is told, whatever attempts are used up", () => {
    const row = verdictRow({ ...at, slice: slice(9) }, free, 0, context(), undefined);
    expect(row).toMatchObject({ end: "retry", free: true, attempt: 10, reason: "job_rejected" });
    expect(row.solo).toBeUndefined();
    expect(verdictRow(at, solo, 0, context(), undefined)).toMatchObject({
      end: "retry",
      free: true,
      solo: true,
    });
  });

  it.each([
    ["cancelled", "cancelled", undefined],
    ["deadline", "expired", "deadline"],
  ] as const)("ends as the request did where it was ended: %s", (why, status, cutBy) => {
    const row = verdictRow(at, free, 0, context({ ended: end(why) }), undefined);
    expect([row.end, row.status, row.reason, row.cutBy]).toEqual(["final", status, undefined, cutBy]);
  });

  it("goes on after a time-out of ours", () => {
    expect(verdictRow(at, solo, 0, context({ ended: end("timeout") }), undefined)).toMatchObject({
      end: "retry",
      solo: true,
    });
  });
});

describe("the last generation", () => {
  it.each([
    ["a free journey", failed("job_rejected", { again: "free" }), "job_rejected"],
    ["a solo journey", failed("job_rejected", { again: "solo" }), "job_rejected"],
    ["an attempt", failed("provider_error"), "provider_error"],
  ] as const)("ends what would need one more: %s", (_name, judgement, reason) => {
    const ends = [998, 999].map((generation) =>
      verdictRow({ ...at, slice: slice(0, generation) }, judgement, 0, context(), undefined),
    );
    expect(ends.map((row) => row.end)).toEqual(["retry", "final"]);
    expect(ends[1]).toMatchObject({ status: "failed", reason });
    expect(ends[1]?.free).toBeUndefined();
  });
});

describe("an output", () => {
  it("is kept in its row while it is at most 4 KiB as JSON", () => {
    expect(kept("x".repeat(4_094))).toBe(true);
    expect(kept("x".repeat(4_095))).toBe(false);
    expect(kept("\n".repeat(2_047))).toBe(true);
    expect(kept("\n".repeat(2_048))).toBe(false);
    expect(kept({ text: "x".repeat(4_085) })).toBe(true);
    expect(kept({ text: "x".repeat(4_086) })).toBe(false);
  });

  it("is kept also where it is nothing much", () => {
    expect([null, false, 0, "", []].map(kept)).toEqual([true, true, true, true, true]);
  });
});

describe("the outcome of a row", () => {
  it("is the row without its line, for its request", () => {
    const row = verdictRow(at, answered, 9, context(), ref);
    expect(outcomeOf(row, "gr-1", 2)).toEqual({
      request: "rq1",
      ordinal: 42,
      status: "succeeded",
      finish: "stop",
      output: "hello",
      usage,
      costMicros: 9,
      ref,
      taskId: "gr-1",
      attempt: 1,
      revision: 2,
    });
  });

  it("has reason and error where the row has them, and no output where there is none", () => {
    const outcome = outcomeOf(verdictRow(at, failed("refused"), null, context(), undefined), "gr-1", 0);
    expect(outcome).toMatchObject({
      status: "failed",
      reason: "refused",
      error: { code: "c", message: "m" },
      costMicros: null,
    });
    expect(["output", "ref", "finish"].filter((name) => name in outcome)).toEqual([]);
  });
});

it("equal judgements in equal circumstances give equal rows, which JSON carries whole", () => {
  const judgement = fc.record<Judgement>(
    {
      status: fc.constantFrom(...OUTCOME_STATUSES),
      reason: fc.constantFrom(...FAILURE_REASONS),
      output: fc
        .jsonValue({ noUnicodeString: false })
        .map((value) => JSON.parse(JSON.stringify(value)) as unknown),
      usage: fc.constant(usage),
      again: fc.constantFrom("free" as const, "solo" as const),
    },
    { requiredKeys: ["status", "usage"] },
  );
  const where = fc.record({
    line: fc.nat(),
    ordinal: fc.nat(),
    generation: fc.nat(999),
    attempts: fc.nat(10),
  });
  const why = fc.constantFrom(null, end("cancelled"), end("deadline"), end("timeout"));
  expect(() =>
    fc.assert(
      fc.property(
        judgement,
        where,
        why,
        fc.option(fc.nat(9)),
        (judged, { line, ordinal, generation, attempts }, ended, maxCostMicros) => {
          const row = (): unknown =>
            verdictRow(
              { line, ordinal, slice: slice(attempts, generation) },
              judged,
              3,
              context({ ended, maxCostMicros }),
              ref,
            );
          expect(row()).toStrictEqual(row());
          expect(JSON.parse(JSON.stringify(row()))).toEqual(row());
        },
      ),
    ),
  ).not.toThrow();
});
