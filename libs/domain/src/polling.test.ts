import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAST, USUAL } from "./account.ts";
import type { ProviderView } from "./documents.ts";
import { nextPollAt, timeoutAt } from "./polling.ts";

const HOUR_MS = 3_600_000;
const START = 1_000_000;

function viewWith(with_: Partial<ProviderView> = {}): ProviderView {
  return {
    jobId: "batch_1",
    rawStatus: "in_progress",
    status: "running",
    counts: null,
    createdAt: START,
    expiresAt: null,
    terminalAt: null,
    missingSince: null,
    errors: [],
    ...with_,
  };
}

const done = (completed: number, failed: number, total: number): ProviderView =>
  viewWith({ counts: { completed, failed, total } });

/** Seconds until the next look, without chance. */
function waitSeconds(ageMs: number, view: ProviderView | null = null): number {
  const now = START + ageMs;
  return (nextPollAt({ now, submittedAt: START, view, durations: USUAL, random01: 0.5 }) - now) / 1_000;
}

describe("nextPollAt", () => {
  it("waits half as long again each time, to five minutes", () => {
    const waits: number[] = [];
    for (let age = 0; waits.length < 9; age += (waits.at(-1) ?? 0) * 1_000) waits.push(waitSeconds(age));
    expect(waits.map(Math.round)).toEqual([30, 45, 68, 101, 152, 228, 300, 300, 300]);
  });

  it("waits ten minutes once the job is an hour old", () => {
    expect(waitSeconds(HOUR_MS - 1)).toBe(300);
    expect(waitSeconds(HOUR_MS)).toBe(600);
    expect(waitSeconds(30 * HOUR_MS)).toBe(600);
  });

  it("takes a job from the future for a new one", () => {
    expect(waitSeconds(-HOUR_MS)).toBe(30);
  });

  it("hurries when more than nine in ten lines are done, well or not", () => {
    expect(waitSeconds(5 * HOUR_MS, done(90, 0, 100))).toBe(600);
    expect(waitSeconds(5 * HOUR_MS, done(61, 30, 100))).toBe(60);
    expect(waitSeconds(5 * HOUR_MS, done(0, 0, 0))).toBe(600);
  });

  it("hurries in the hour before and after the job's expiry", () => {
    const age = 20 * HOUR_MS;
    const expiring = (inMs: number): number => waitSeconds(age, viewWith({ expiresAt: START + age + inMs }));
    expect([HOUR_MS + 1, HOUR_MS, 0, -HOUR_MS, -HOUR_MS - 1].map(expiring)).toEqual([600, 60, 60, 60, 600]);
  });

  it("hurries while a cancellation is carried out", () => {
    expect(waitSeconds(5 * HOUR_MS, viewWith({ status: "cancelling" }))).toBe(60);
  });

  it("looks as often as it may at a job that has ended, or is not found", () => {
    expect(waitSeconds(5 * HOUR_MS, viewWith({ status: "completed", terminalAt: START }))).toBe(30);
    expect(waitSeconds(5 * HOUR_MS, viewWith({ missingSince: START }))).toBe(30);
  });

  it("does not slow down a young job by hurrying", () => {
    expect(waitSeconds(0, viewWith({ status: "cancelling" }))).toBe(30);
  });

  it("spreads looks by a fifth up and down", () => {
    const now = START + HOUR_MS / 2;
    const at = (random01: number): number =>
      nextPollAt({ now, submittedAt: START, view: null, durations: USUAL, random01 }) - now;
    expect([at(0), at(0.5), at(1)]).toEqual([240_000, 300_000, 360_000]);
  });

  it("keeps within the shortest and longest wait, whatever it sees", () => {
    const anyView = fc.record({
      status: fc.constantFrom("waiting", "running", "cancelling", "completed", "failed", "other"),
      counts: fc.option(fc.record({ total: fc.nat(9), completed: fc.nat(9), failed: fc.nat(9) })),
      expiresAt: fc.option(fc.integer({ min: 0, max: 1e9 })),
      missingSince: fc.option(fc.nat(1e9)),
    });
    fc.assert(
      fc.property(
        fc.option(anyView),
        fc.nat(1e9),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(USUAL, FAST),
        (view, now, random01, durations) => {
          const at = nextPollAt({
            now,
            submittedAt: START,
            view: view && viewWith(view),
            durations,
            random01,
          });
          expect(Number.isInteger(at)).toBe(true);
          expect(at - now).toBeGreaterThanOrEqual(durations.pollMinMs);
          expect(at - now).toBeLessThanOrEqual(durations.pollMaxMs);
        },
      ),
    );
  });
});

describe("timeoutAt", () => {
  it("is the job's time-out after its submission", () => {
    expect(timeoutAt(START, USUAL)).toBe(START + 26 * HOUR_MS);
  });
});
