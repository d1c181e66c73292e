/** What a simulated provider does besides answering: pace, limits, rates of errors, and faults at named places. */
import { z } from "zod";
import { fault } from "./fault.ts";

const share = z.number().min(0).max(1);
const milliseconds = z.number().min(0);

/** How a line may be answered in place of a proper answer. */
export const lineAnswers = [
  "error_400",
  "error_429",
  "error_500",
  "refusal",
  "content_filter",
  "length",
  "invalid_json",
  "invalid_schema",
  "missing",
  "duplicate",
  "corrupt",
  "text",
] as const;

/** How a line is answered: properly (`null`), or in one of the ways of `lineAnswers`. */
export type LineAnswer = (typeof lineAnswers)[number];

const pace = z.strictObject({
  /** Runs a usual day this many times faster: 20 minutes a job and 0.1 s a line, a window of 24 hours. */
  acceleration: z.number().positive().optional(),
  validatingMs: milliseconds.optional(),
  /** How long a job runs, whatever its size; `lineMs` is added for each line. */
  jobMs: milliseconds.optional(),
  lineMs: milliseconds.optional(),
  finalizingMs: milliseconds.optional(),
  cancellingMs: milliseconds.optional(),
  /** After this a job expires: 24 hours, at Gemini 48. */
  windowMs: milliseconds.optional(),
  /** After this a file of Gemini's expires: 48 hours. */
  fileMs: milliseconds.optional(),
  /** After this, counted from the create, Anthropic has a job's results no more: 29 days. */
  resultsMs: milliseconds.optional(),
  /** Jobs run up to this share longer or shorter. */
  jitter: share.default(0.2),
});

const someLimits = {
  /** Of one job: 50,000, at Anthropic 100,000, at Gemini as many as the bytes allow. */
  lines: z.int().positive().optional(),
  /** Of one job: 200 MB, at Anthropic 256 MB, at Gemini 2 GB in a file. */
  bytes: z.int().positive().optional(),
  /** Of a create of Gemini's with its requests inline: 20 MB. */
  inlineBytes: z.int().positive().optional(),
  /** An account's unfinished jobs: at Gemini 100, elsewhere as many as one likes. */
  concurrentBatches: z.int().positive().optional(),
  /** Whether a limit is told at create (429), or after a create that was answered with 200, as OpenAI does. */
  toldBy: z.enum(["create", "failed"]).optional(),
};
const limits = z.strictObject({
  ...someLimits,
  /** Input tokens an account may have in unfinished jobs, per model. */
  enqueuedTokens: z.record(z.string(), z.int().positive()).default({}),
  /** What holds for one provider alone, before the above. */
  openai: z.strictObject(someLimits).prefault({}),
  gemini: z.strictObject(someLimits).prefault({}),
  anthropic: z.strictObject(someLimits).prefault({}),
});

const rates = z.strictObject({
  error_429: share.default(0),
  error_500: share.default(0),
  refusal: share.default(0),
  content_filter: share.default(0),
  length: share.default(0),
  invalid_json: share.default(0),
});

const lineRule = z.strictObject({
  /** Text to look for in the request's line. */
  contains: z.string().min(1),
  answer: z.enum(lineAnswers),
  /** The answer's text, for `answer: "text"`. */
  text: z.string().optional(),
  /** How many attempts of the same content are answered so; later ones are answered properly. */
  times: z.int().positive().optional(),
});

/** The schema of a scenario file. Everything has a default: `{}` is a provider on a good, fast day. */
export const scenario = z.strictObject({
  seed: z.union([z.string(), z.number()]).transform(String).default("granary"),
  pace: pace.prefault({}),
  limits: limits.prefault({}),
  /** Shares of lines that end badly, chosen by seed and custom id. */
  rates: rates.prefault({}),
  /** Lines that are answered badly for what they contain; the first rule that fits decides. */
  lines: z.array(lineRule).default([]),
  faults: z.array(fault).default([]),
  /** How long a text answer is, in tokens. */
  answers: z
    .strictObject({ minTokens: z.int().positive().default(8), maxTokens: z.int().positive().default(60) })
    .prefault({}),
  keys: z
    .strictObject({
      /** Keys that are answered with 401. */
      revoked: z.array(z.string()).default([]),
      /** Keys whose creates are refused for want of money: 429, at Anthropic 400. */
      exhausted: z.array(z.string()).default([]),
      /** Keys of one account, such as an old and a new one: what the first of them may see, all may. OpenAI's alone. */
      together: z.array(z.array(z.string()).min(1)).default([]),
    })
    .prefault({}),
  /** Models known besides the providers' own, at each of them. */
  models: z.array(z.string()).default([]),
});

/** A scenario with all defaults filled in. */
export type Scenario = z.output<typeof scenario>;

/** A scenario as it is written: everything is optional. */
export type ScenarioInput = z.input<typeof scenario>;
