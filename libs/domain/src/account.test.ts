import { describe, expect, it } from "vitest";
import type { Durations } from "./account.ts";
import { FAST, modeOf, USUAL } from "./account.ts";

describe.each([
  ["usual", USUAL],
  ["fast", FAST],
] as const)("the durations of profile %s", (_name, durations: Durations) => {
  it("let a renewal fail twice before a lease runs out, and a poll be no longer than the longest", () => {
    expect(durations.leaseMs / 3).toBeGreaterThanOrEqual(1_000);
    expect(durations.pollMinMs).toBeLessThanOrEqual(durations.pollMaxMs);
  });

  it("are quiet for longer than two sweeps, a lease and the last look take", () => {
    expect(durations.quietMs).toBeGreaterThanOrEqual(
      Math.max(durations.leaseMs, 2 * durations.sweepMs, 5_000),
    );
  });

  it("give a job more time than the quiet period and the settle window together", () => {
    expect(durations.jobTimeoutMs).toBeGreaterThan(durations.quietMs + durations.settleMs);
  });
});

describe("the mode of an account", () => {
  it.each([
    ["openai:simulated", "simulated"],
    ["anthropic:default", "live"],
    ["openai:simulated-eu", "live"],
  ] as const)("of %s is %s", (account, mode) => {
    expect(modeOf(account)).toBe(mode);
  });
});
