import { describe, expect, it } from "vitest";
import { FAILURE_REASONS, OUTCOME_STATUSES } from "./outcome.ts";
import type { RetryDecision, RetryInput } from "./retryPolicy.ts";
import { decideRetry, isRetryable, retryNotBefore } from "./retryPolicy.ts";

const POLICY = { maxAttempts: 3, backoffMs: 0 };

const decide = (with_: Partial<RetryInput>): RetryDecision =>
  decideRetry({
    status: "failed",
    reason: "provider_error",
    attempts: 0,
    policy: POLICY,
    spentMicros: 10,
    retryEstimateMicros: 5,
    maxCostMicros: null,
    end: null,
    ...with_,
  });

describe("isRetryable", () => {
  it("is true of four reasons, and of no other", () => {
    const retried = FAILURE_REASONS.filter((reason) => isRetryable("failed", reason, { byDeadline: false }));
    expect(retried).toEqual(["provider_error", "rate_limited", "unparseable", "missing"]);
    expect(isRetryable("failed", undefined, { byDeadline: false })).toBe(false);
  });

  it("is true of what expired, unless a deadline ended it", () => {
    expect(isRetryable("expired", undefined, { byDeadline: false })).toBe(true);
    expect(isRetryable("expired", undefined, { byDeadline: true })).toBe(false);
  });

  it("is false of what succeeded or was cancelled", () => {
    for (const status of ["succeeded", "cancelled"] as const)
      expect(isRetryable(status, undefined, { byDeadline: false })).toBe(false);
  });
});

describe("decideRetry", () => {
  it("lets an item travel as often as the policy says, the first time included", () => {
    expect([0, 1, 2, 3].map((attempts) => decide({ attempts }).end)).toEqual([
      "retry",
      "retry",
      "final",
      "final",
    ]);
    expect(decide({ policy: { maxAttempts: 1, backoffMs: 0 } })).toEqual({
      end: "final",
      status: "failed",
      reason: "provider_error",
    });
  });

  it("ends what is not retryable as it is", () => {
    expect(decide({ reason: "refused" })).toEqual({ end: "final", status: "failed", reason: "refused" });
    expect(decide({ status: "succeeded", reason: undefined })).toEqual({ end: "final", status: "succeeded" });
    expect(decide({ status: "cancelled", reason: undefined })).toEqual({ end: "final", status: "cancelled" });
  });

  it("lets nothing travel for a request that has ended", () => {
    for (const end of ["cancelled", "deadline"] as const) {
      expect(decide({ end })).toEqual({ end: "final", status: "failed", reason: "provider_error" });
      expect(decide({ end, status: "expired", reason: undefined })).toEqual({
        end: "final",
        status: "expired",
      });
    }
  });

  it("spends up to the request's maximum, and fails as over budget beyond it", () => {
    const overBudget = { end: "final", status: "failed", reason: "over_budget" };
    expect(decide({ maxCostMicros: 15 })).toEqual({ end: "retry" });
    expect(decide({ maxCostMicros: 14 })).toEqual(overBudget);
    expect(decide({ maxCostMicros: 14, status: "expired", reason: undefined })).toEqual(overBudget);
  });

  it("keeps a maximum by stopping where costs are not known, and needs no costs without one", () => {
    for (const unknown of [{ spentMicros: null }, { retryEstimateMicros: null }]) {
      expect(decide({ ...unknown, maxCostMicros: 1e9 })).toMatchObject({ reason: "over_budget" });
      expect(decide(unknown)).toEqual({ end: "retry" });
    }
  });

  it("calls nothing over budget that would not have travelled anyway", () => {
    expect(decide({ maxCostMicros: 0, attempts: 2 })).toMatchObject({ reason: "provider_error" });
    expect(decide({ maxCostMicros: 0, end: "cancelled" })).toMatchObject({ reason: "provider_error" });
  });

  it("ends every status and reason with itself where the policy allows one attempt", () => {
    for (const status of OUTCOME_STATUSES)
      for (const reason of status === "failed" ? FAILURE_REASONS : [undefined]) {
        const decided = decide({ status, reason, policy: { maxAttempts: 1, backoffMs: 0 } });
        expect(decided).toEqual({ end: "final", status, ...(reason ? { reason } : {}) });
      }
  });
});

describe("retryNotBefore", () => {
  it("is at once without a back-off", () => {
    expect(retryNotBefore(POLICY, 5, 1_000)).toBe(1_000);
  });

  it("doubles with each attempt, to a day at most", () => {
    const policy = { maxAttempts: 10, backoffMs: 60_000 };
    expect([0, 1, 2].map((attempts) => retryNotBefore(policy, attempts, 1_000))).toEqual([
      61_000, 121_000, 241_000,
    ]);
    expect(retryNotBefore(policy, 20, 1_000)).toBe(86_401_000);
  });
});
