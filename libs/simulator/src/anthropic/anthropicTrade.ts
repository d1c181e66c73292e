import { lineAnswerer } from "../answers/lineAnswerer.ts";
import { answerInput } from "../jobs/answerInput.ts";
import type { JobTrade } from "../jobs/jobTrade.ts";
import { limitsOf } from "../limits.ts";
import { hexOf } from "../seeded.ts";
import { anthropicForm } from "./anthropicForm.ts";
import { anthropicModels } from "./models.ts";
import { lineReader } from "./requestLine.ts";

/** Message batches: they never fail as a whole, and their results name every request. */
export const anthropicTrade: JobTrade = {
  fails: false,
  namesEveryLine: true,
  withholds: false,
  limitError: () => {
    throw new Error("message batches do not fail for a limit");
  },
  answer(job, { attempts, ...reading }) {
    const { create, scenario } = job;
    const isKnownModel = (model: string) =>
      anthropicModels.includes(model) || scenario.models.includes(model);
    return answerInput({
      ...reading,
      job,
      // What came was measured when it came; the lines on disk are a little more or less.
      limits: { ...limitsOf(scenario, "anthropic"), bytes: Infinity, lines: Infinity },
      reader: lineReader(create.model),
      answerer: lineAnswerer(job, attempts, anthropicForm(isKnownModel)),
    });
  },
  resultFile: ({ create }) => ({
    id: `results_${hexOf(`${create.jobId}:results`)}`,
    filename: `${create.jobId}_results.jsonl`,
    purpose: "results",
    expiresAt: null,
  }),
};
