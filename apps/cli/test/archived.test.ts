import { expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 150_000 });

interface Listed {
  readonly requests: readonly {
    readonly requestId: string;
    readonly result: string;
    readonly counts: unknown;
  }[];
}

const COUNT = 20;
const PACE = { validatingMs: 0, jobMs: 100, lineMs: 0, finalizingMs: 0 };

test.each([
  // Of what is kept for 29 days, and said to be kept no more.
  ["anthropic", "claude-haiku-4-5", { pace: { ...PACE, resultsMs: 150 } }],
  // Of a file that the job names and that is never found.
  ["openai", "gpt-4o-mini", { pace: PACE, faults: [{ on: "job", what: "results_lag", ms: 3_600_000 }] }],
] as const)(
  "results of %s that are gone before anybody fetched them end the request, and its items are unavailable",
  async (provider, model, scenario) => {
    await using here = scratch();
    const env = { [`GRANARY_${provider.toUpperCase()}_MODE`]: "simulated" };
    await here.up(["--scenario", here.write("scenario.json", JSON.stringify(scenario))], env);
    const file = here.write("work.jsonl", [
      { request: { requestId: "late", provider, model, retry: { maxAttempts: 3 } } },
      ...items(COUNT),
    ]);
    const { code } = await here.granary(["submit", file], env);
    expect(code).toBe(1);
    const { requests } = await here.json<Listed>(["list"], env);
    // Three attempts were allowed, and one was made: another one would be paid, too.
    expect(requests).toMatchObject([
      { requestId: "late", result: "failed", counts: { failed: COUNT, byReason: { unavailable: COUNT } } },
    ]);
    const { tasks } = await here.json<{ tasks: readonly unknown[] }>(["show", "late"], env);
    expect(tasks).toMatchObject([{ state: "ended", result: "failed" }]);
    const report = await here.json<{ findings: unknown[] }>(["verify"], env);
    expect(report.findings).toEqual([]);
  },
);
