import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountLimits } from "./account.ts";
import type { AdmissionInput } from "./admission.ts";
import { decideAdmission, PAUSE_BASE_MS, pauseFor, pauseScope, WHOLE_ACCOUNT } from "./admission.ts";
import type { Pause } from "./documents.ts";
import type { AccountUsage } from "./store.ts";

const NOW = Date.parse("2026-05-04T12:00:00Z");
const MODEL = "gpt-4.1-mini";
const JOB = { lines: 50_000, bytes: 2e8, lineBytes: 1e6, tokens: 1e6 };
const WHYS = ["limit", "account", "unreachable", "unavailable"] as const;

function usageWith(with_: Partial<AccountUsage> = {}): AccountUsage {
  return {
    jobs: 0,
    byModel: {},
    createsLastMinute: 0,
    spentMicros: 0,
    spentBySource: {},
    oldestOpenAt: null,
    foreign: { jobs: 0, lines: 0 },
    ...with_,
  };
}

const withJobs = (jobs: number, foreign: number): AccountUsage =>
  usageWith({ jobs, foreign: { jobs: foreign, lines: 0 } });

const withCreates = (createsLastMinute: number, submitting: number): AccountUsage =>
  usageWith({ createsLastMinute, byModel: { other: { jobs: 0, tokens: 0, submitting } } });

const ofModel = (with_: Partial<AccountUsage["byModel"][string]>): AccountUsage["byModel"] => ({
  [MODEL]: { jobs: 0, tokens: 0, submitting: 0, ...with_ },
});

type Given = Partial<Omit<AdmissionInput, "limits">> & { readonly limits?: Partial<AccountLimits> };

function decide({ limits, ...given }: Given = {}): ReturnType<typeof decideAdmission> {
  return decideAdmission({
    task: {
      model: MODEL,
      tokens: 100,
      estimateMicros: 50,
      bySource: { crm: { lines: 8, estimateMicros: 40 }, erp: { lines: 2, estimateMicros: 10 } },
    },
    usage: usageWith(),
    pauses: {},
    learned: {},
    sources: {},
    now: NOW,
    lookAgainMs: 500,
    ...given,
    limits: { job: JOB, ...limits },
  });
}

const pause = (why: Pause["why"], until: number): Pause => ({ why, until, code: "429", strikes: 1 });
const ADMIT = { admit: true };
const held = (waitsFor: string, untilAt: number): object => ({ admit: false, waitsFor, untilAt });

describe("decideAdmission", () => {
  it("admits where nothing limits", () => {
    expect(decide()).toEqual(ADMIT);
    expect(decide({ usage: usageWith({ jobs: 1e4, createsLastMinute: 1e4, spentMicros: 1e12 }) })).toEqual(
      ADMIT,
    );
  });

  describe("with a pause", () => {
    it.each([
      ["limit", "limit"],
      ["account", "account"],
      ["unreachable", "unreachable"],
      ["unavailable", "unreachable"],
    ] as const)("waits for %s of the account as %s, until it is over", (why, waitsFor) => {
      expect(decide({ pauses: { [WHOLE_ACCOUNT]: pause(why, NOW + 1) } })).toEqual(held(waitsFor, NOW + 1));
    });

    it("waits for its own model, not for another", () => {
      expect(decide({ pauses: { [`create:${MODEL}`]: pause("limit", NOW + 9) } })).toEqual(
        held("limit", NOW + 9),
      );
      expect(decide({ pauses: { "create:other": pause("limit", NOW + 9) } })).toEqual(ADMIT);
    });

    it("is not held by a pause of polling", () => {
      expect(decide({ pauses: { poll: pause("limit", NOW + 9) } })).toEqual(ADMIT);
    });

    it("sends one probe when the pause is over, and lets the next wait for it", () => {
      const pauses = { [`create:${MODEL}`]: pause("limit", NOW) };
      expect(decide({ pauses })).toEqual(ADMIT);
      const usage = usageWith({ byModel: ofModel({ submitting: 1 }) });
      expect(decide({ pauses, usage })).toEqual(held("limit", NOW + 500));
    });

    it("takes a task of another model for the probe of the account, not of the model", () => {
      const usage = usageWith({ byModel: { other: { jobs: 1, tokens: 1, submitting: 1 } } });
      expect(decide({ usage, pauses: { [WHOLE_ACCOUNT]: pause("account", NOW - 1) } })).toEqual(
        held("account", NOW + 500),
      );
      expect(decide({ usage, pauses: { [`create:${MODEL}`]: pause("limit", NOW - 1) } })).toEqual(ADMIT);
    });

    it("looks again after two seconds where nothing else was said", () => {
      const given: AdmissionInput = {
        task: { model: MODEL, tokens: 1, estimateMicros: 1, bySource: {} },
        usage: usageWith({ byModel: ofModel({ submitting: 1 }) }),
        pauses: { [WHOLE_ACCOUNT]: pause("account", 0) },
        limits: { job: JOB },
        learned: {},
        sources: {},
        now: NOW,
      };
      expect(decideAdmission(given)).toEqual(held("account", NOW + 2_000));
    });
  });

  describe("with a budget", () => {
    it("spends an account's day to the end, and no further", () => {
      const limits = { dailyMicros: 1_000 };
      expect(decide({ limits, usage: usageWith({ spentMicros: 950 }) })).toEqual(ADMIT);
      expect(decide({ limits, usage: usageWith({ spentMicros: 951 }) })).toEqual(
        held("budget", NOW + 600_000),
      );
    });

    it("looks again at midnight where that is sooner", () => {
      const now = Date.parse("2026-05-04T23:59:00Z");
      const decided = decide({ now, limits: { dailyMicros: 1 } });
      expect(decided).toEqual(held("budget", Date.parse("2026-05-05T00:00:00Z")));
    });

    it("counts each source's part against its own budget", () => {
      const usage = usageWith({ spentBySource: { erp: 95 } });
      expect(decide({ usage, sources: { crm: { dailyMicros: 40 } } })).toEqual(ADMIT);
      expect(decide({ usage, sources: { crm: { dailyMicros: 39 } } })).toMatchObject({ waitsFor: "budget" });
      expect(decide({ usage, sources: { erp: { dailyMicros: 105 } } })).toEqual(ADMIT);
      expect(decide({ usage, sources: { erp: { dailyMicros: 104 } } })).toMatchObject({ waitsFor: "budget" });
      expect(decide({ usage, sources: { erp: {}, other: { dailyMicros: 0 } } })).toEqual(ADMIT);
    });

    it("holds what cannot be estimated, only where a budget is in force", () => {
      const bySource = { crm: { lines: 1, estimateMicros: null } };
      const task = { model: MODEL, tokens: 1, estimateMicros: null, bySource };
      expect(decide({ task })).toEqual(ADMIT);
      expect(decide({ task, limits: { dailyMicros: 1e9 } })).toMatchObject({ waitsFor: "budget" });
      expect(decide({ task, sources: { crm: { dailyMicros: 1e9 } } })).toMatchObject({ waitsFor: "budget" });
      expect(decide({ task, sources: { erp: { dailyMicros: 1e9 } } })).toEqual(ADMIT);
    });
  });

  describe("with a limit of number", () => {
    it("counts foreign jobs against the account's jobs", () => {
      const limits = { jobs: 3 };
      expect(decide({ limits, usage: withJobs(1, 1) })).toEqual(ADMIT);
      expect(decide({ limits, usage: withJobs(2, 1) })).toEqual(held("limit", NOW + 500));
      expect(decide({ limits, usage: withJobs(3, 0) })).toEqual(held("limit", NOW + 500));
    });

    it("fills a model's tokens to the brim", () => {
      const limits = { tokensPerModel: 1_000 };
      const usageOf = (tokens: number): AccountUsage => usageWith({ byModel: ofModel({ jobs: 1, tokens }) });
      expect(decide({ limits, usage: usageOf(900) })).toEqual(ADMIT);
      expect(decide({ limits, usage: usageOf(901) })).toEqual(held("limit", NOW + 500));
      const other = usageWith({ byModel: { other: { jobs: 1, tokens: 5_000, submitting: 0 } } });
      expect(decide({ limits, usage: other })).toEqual(ADMIT);
    });

    it("hands a task that can never fit to the operator", () => {
      expect(decide({ limits: { tokensPerModel: 99 } })).toEqual(held("operator", NOW + 600_000));
    });

    it("keeps to what was learned of the model, but always lets one job of it run", () => {
      const busy = usageWith({ jobs: 2, byModel: ofModel({ jobs: 2, tokens: 500 }) });
      expect(decide({ usage: busy, learned: { [MODEL]: { jobs: 3, tokens: 600 } } })).toEqual(ADMIT);
      expect(decide({ usage: busy, learned: { [MODEL]: { jobs: 2 } } })).toEqual(held("limit", NOW + 500));
      expect(decide({ usage: busy, learned: { [MODEL]: { tokens: 599 } } })).toEqual(
        held("limit", NOW + 500),
      );
      expect(decide({ usage: busy, learned: { other: { jobs: 0 } } })).toEqual(ADMIT);
      expect(decide({ learned: { [MODEL]: { jobs: 0, tokens: 1 } } })).toEqual(ADMIT);
    });

    it("counts creates of the last minute and those still to come", () => {
      const limits = { createsPerMinute: 6 };
      expect(decide({ limits, usage: withCreates(5, 0) })).toEqual(ADMIT);
      expect(decide({ limits, usage: withCreates(6, 0) })).toEqual(held("limit", NOW + 10_000));
      expect(decide({ limits, usage: withCreates(4, 2) })).toEqual(held("limit", NOW + 10_000));
      expect(decide({ limits: { createsPerMinute: 0 } })).toEqual(held("limit", NOW + 60_000));
    });
  });

  it("tells of the account's trouble first, then of money, then of numbers", () => {
    const pauses = { [WHOLE_ACCOUNT]: pause("account", NOW + 1) };
    const limits = { dailyMicros: 0, jobs: 0 };
    expect(decide({ pauses, limits })).toMatchObject({ waitsFor: "account" });
    expect(decide({ limits })).toMatchObject({ waitsFor: "budget" });
    expect(decide({ limits: { jobs: 0 } })).toMatchObject({ waitsFor: "limit" });
  });

  it("never admits more jobs, tokens or money than the limits, one task after another", () => {
    const task = fc.record({
      tokens: fc.integer({ min: 0, max: 60 }),
      micros: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(task, { maxLength: 30 }), (tasks) => {
        const limits = { jobs: 7, tokensPerModel: 200, dailyMicros: 150 };
        let usage = usageWith();
        for (const { tokens, micros } of tasks) {
          const bySource = { crm: { lines: 1, estimateMicros: micros } };
          const decided = decide({
            usage,
            limits,
            task: { model: MODEL, tokens, estimateMicros: micros, bySource },
          });
          if (!decided.admit) continue;
          const jobs = usage.jobs + 1;
          const byModel = ofModel({ jobs, tokens: (usage.byModel[MODEL]?.tokens ?? 0) + tokens });
          usage = usageWith({ jobs, byModel, spentMicros: usage.spentMicros + micros });
        }
        expect(usage.jobs).toBeLessThanOrEqual(7);
        expect(usage.byModel[MODEL]?.tokens ?? 0).toBeLessThanOrEqual(200);
        expect(usage.spentMicros).toBeLessThanOrEqual(150);
      }),
    );
  });
});

describe("pauseScope", () => {
  it("is the model's creates for a limit or a breakdown, the account for its key and network", () => {
    expect(WHYS.map((why) => pauseScope(why, "m"))).toEqual(["create:m", "*", "*", "create:m"]);
  });
});

const full = (why: Pause["why"], strikes: number): number => pauseFor({ why, strikes, random01: 1 });

const asked = (retryAfterMs: number | undefined): number =>
  pauseFor({ why: "limit", strikes: 1, random01: 1, retryAfterMs });

describe("pauseFor", () => {
  it("doubles from 30 s to 15 min for a limit", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 99].map((strikes) => full("limit", strikes) / 1_000)).toEqual([
      30, 60, 120, 240, 480, 900, 900, 900,
    ]);
    expect(full("limit", 0)).toBe(30_000);
  });

  it("waits longer for a person, and shorter for a network", () => {
    expect([full("account", 1), full("account", 99)]).toEqual([60_000, 900_000]);
    expect([full("unreachable", 1), full("unreachable", 99)]).toEqual([5_000, 300_000]);
    expect([full("unavailable", 1), full("unavailable", 99)]).toEqual([10_000, 300_000]);
  });

  it("leaves half to chance", () => {
    expect(pauseFor({ why: "limit", strikes: 1, random01: 0 })).toBe(PAUSE_BASE_MS / 2);
    expect(pauseFor({ why: "limit", strikes: 1, random01: 0.5 })).toBe(22_500);
  });

  it("is as quick as its base", () => {
    expect(pauseFor({ why: "limit", strikes: 1, random01: 1, baseMs: 100 })).toBe(100);
    expect(pauseFor({ why: "limit", strikes: 99, random01: 1, baseMs: 100 })).toBe(3_000);
  });

  it("is no shorter than the provider asked for, within a day", () => {
    expect(asked(undefined)).toBe(30_000);
    expect(asked(1_000)).toBe(30_000);
    expect(asked(45_000)).toBe(45_000);
    expect(asked(1e12)).toBe(86_400_000);
  });

  it("is a whole number of milliseconds between half the back-off and all of it", () => {
    const random01 = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...WHYS),
        fc.integer({ min: 1, max: 60 }),
        random01,
        (why, strikes, random) => {
          const ms = pauseFor({ why, strikes, random01: random });
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(full(why, strikes) / 2);
          expect(ms).toBeLessThanOrEqual(full(why, strikes));
        },
      ),
    );
  });
});
