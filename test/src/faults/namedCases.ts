import { providers } from "@granary/simulator";
import type { Scenario, ScenarioInput } from "@granary/simulator";
import type { End, FaultCase } from "./faultCase.ts";

type Rate = keyof Scenario["rates"];

/** Shares of lines that are answered so, whatever they ask. */
const RATES: Readonly<Record<Rate, readonly End[]>> = {
  error_429: [],
  error_500: [],
  refusal: ["failed refused"],
  content_filter: ["failed refused"],
  length: ["failed truncated"],
  invalid_json: ["failed invalid_output"],
};

const WHOLE_DAY_MS = 86_400_000;
const LOOKS = ["list", "get", "download"] as const;
const CALLS = ["create", "upload", ...LOOKS] as const;

/** Faults that are more than one of the schema at a time, or that the schema's own names do not tell apart. */
export function namedCases(): readonly FaultCase[] {
  return [
    {
      name: "storm of 429",
      covers: [],
      providers,
      faults: CALLS.map((on) => ({ on, what: "rate_limited", rate: 0.4, times: 8, retryAfterMs: 300 })),
    },
    {
      name: "storm of 5xx",
      covers: [],
      providers,
      faults: CALLS.map((on) => ({
        on,
        what: "server_error",
        rate: 0.4,
        times: on === "create" ? 2 : 8,
        status: 502,
      })),
    },
    {
      // Refused while jobs run, and good again.
      name: "key refused for a while",
      covers: [],
      providers,
      faults: LOOKS.map((on) => ({ on, what: "unauthorized", nth: on === "list" ? 2 : 1, times: 3 })),
    },
    {
      name: "known job not found for a while",
      covers: [],
      providers,
      faults: [
        { on: "job", what: "list_lag", ms: 3_000 },
        { on: "get", what: "not_found", nth: 1, times: 3 },
      ],
    },
    {
      name: "download cut without a word",
      covers: [],
      providers,
      faults: [{ on: "download", what: "truncated", share: 0.6, announced: false, nth: 1, times: 2 }],
    },
    {
      // Said to have succeeded, and no file is ever named.
      name: "success without a file",
      covers: [],
      providers,
      faults: [{ on: "job", what: "late_output_file", ms: WHOLE_DAY_MS, nth: 1 }],
      ends: ["failed missing"],
    },
    { name: "cancelled in the middle", covers: [], providers, cancels: true, ends: ["cancelled"] },
    {
      // Keys of one account are a thing of OpenAI's alone at the simulator.
      name: "key exchanged",
      covers: [],
      providers: ["openai"],
      changesKey: true,
    },
    ...(Object.keys(RATES) as readonly Rate[]).map((rate) => ({
      name: `rate ${rate}`,
      covers: [`rate ${rate}`],
      providers,
      rates: { [rate]: 0.15 } satisfies ScenarioInput["rates"],
      ends: RATES[rate],
    })),
  ];
}
