import { describe, expect, it } from "vitest";
import { nextUtcDayAt, utcDayStart, withinBudget } from "./budget.ts";

describe("utcDayStart and nextUtcDayAt", () => {
  it("are the midnights around an instant, in UTC", () => {
    const at = Date.parse("2026-02-28T23:59:59.999Z");
    expect(new Date(utcDayStart(at)).toISOString()).toBe("2026-02-28T00:00:00.000Z");
    expect(new Date(nextUtcDayAt(at)).toISOString()).toBe("2026-03-01T00:00:00.000Z");
  });

  it("count a midnight as the beginning of its own day", () => {
    const midnight = Date.parse("2026-03-01T00:00:00Z");
    expect(utcDayStart(midnight)).toBe(midnight);
    expect(nextUtcDayAt(midnight)).toBe(midnight + 86_400_000);
  });
});

describe("withinBudget", () => {
  it("has room for anything where there is no budget", () => {
    expect(withinBudget(undefined, 1e12, null)).toBe(true);
  });

  it("has room up to the budget, and not for one micro-dollar more", () => {
    expect(withinBudget(100, 60, 40)).toBe(true);
    expect(withinBudget(100, 60, 41)).toBe(false);
  });

  it("has no room for what cannot be estimated", () => {
    expect(withinBudget(100, 0, null)).toBe(false);
  });
});
