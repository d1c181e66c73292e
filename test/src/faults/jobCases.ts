import { providers } from "@granary/simulator";
import type { JobFault, LineAnswer, Provider } from "@granary/simulator";
import type { End, FaultCase, FaultInput } from "./faultCase.ts";

/** Longer than a line of a result file may be. */
const OVERSIZED = 64 * 1024 * 1024 + 1_024;
const FIRST = { nth: 1 } as const;
const SOME = { share: 0.4 } as const;
const GEMINI: readonly Provider[] = ["gemini"];

interface Told {
  /** What is written of the fault beside its name. */
  readonly as: object;
  readonly with?: readonly FaultInput[];
  readonly providers?: readonly Provider[];
  readonly ends?: readonly End[];
  readonly cancels?: true;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Every fault of a job; whatever the schema gains has to be told here. Those that leave lines undone strike one job. */
const JOB_FAULTS: Readonly<Record<JobFault["what"], Told>> = {
  expire: { as: { ...FIRST, share: 0.5 } },
  fail: { as: FIRST, providers: ["openai", "gemini"] },
  stuck: { as: FIRST, settings: { JOB_TIMEOUT: "3s" }, ends: ["expired"] },
  hang_finalizing: { as: { ms: 800 } },
  slow_cancel: { as: { ms: 800 }, cancels: true, ends: ["cancelled"] },
  late_output_file: { as: { ms: 800 } },
  results_lag: { as: { ms: 800 } },
  empty_file_ids: { as: {}, providers: ["openai"] },
  unknown_status: { as: { ms: 600 } },
  list_lag: { as: { ms: 1_500 } },
  get_lag: { as: { ms: 1_500 }, with: [{ on: "job", what: "list_lag", ms: 1_500 }] },
  all_lines_fail: { as: FIRST },
  duplicate_lines: { as: SOME },
  missing_lines: { as: { ...FIRST, ...SOME } },
  corrupt_lines: { as: { ...FIRST, ...SOME } },
  foreign_lines: { as: SOME },
  oversized_line: { as: { ...FIRST, bytes: OVERSIZED } },
  invalid_utf8: { as: { ...FIRST, ...SOME } },
  nul_bytes: { as: { ...FIRST, ...SOME } },
  out_of_order: { as: {} },
  crlf: { as: {} },
  bom: { as: {} },
  no_last_newline: { as: {} },
  inline_answers: { as: {}, providers: GEMINI },
  file_answers: { as: {}, providers: GEMINI },
  key_elsewhere: { as: {}, providers: GEMINI },
  other_spelling: { as: {}, providers: GEMINI, cancels: true, ends: ["cancelled"] },
  no_partial_results: {
    as: {},
    with: [{ on: "job", what: "expire", nth: 1, share: 0.5 }],
    providers: GEMINI,
  },
};

/** Every answer of a line that is none as it was asked for; null stands for one that is tried again. */
const LINE_ANSWERS: Readonly<Record<LineAnswer, readonly End[]>> = {
  error_400: ["failed invalid_request"],
  error_429: [],
  error_500: [],
  refusal: ["failed refused"],
  content_filter: ["failed refused"],
  // What was cut is an end of its own only where a schema was asked for.
  length: ["failed truncated"],
  invalid_json: ["failed invalid_output"],
  invalid_schema: ["failed invalid_output"],
  missing: [],
  duplicate: [],
  corrupt: [],
  text: ["failed invalid_output"],
};

/** A case for every fault that a job carries. */
export function jobCases(): readonly FaultCase[] {
  return (Object.keys(JOB_FAULTS) as readonly JobFault["what"][]).map((what) => {
    const { as, with: beside = [], providers: where = providers, ...more } = JOB_FAULTS[what];
    return {
      name: `job ${what}`,
      covers: [`job ${what}`],
      providers: where,
      faults: [{ on: "job", what, ...as } as FaultInput, ...beside],
      ...more,
    };
  });
}

/** A case for every answer of a line: those with a seven in them are answered so the first time. */
export function lineCases(): readonly FaultCase[] {
  return (Object.keys(LINE_ANSWERS) as readonly LineAnswer[]).map((answer) => ({
    name: `line ${answer}`,
    covers: [`line ${answer}`],
    providers,
    lines: [{ contains: "number 2.", answer, times: 1, ...(answer === "text" ? { text: "So what." } : {}) }],
    ends: LINE_ANSWERS[answer],
  }));
}
