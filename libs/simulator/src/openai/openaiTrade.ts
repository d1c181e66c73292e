import { lineAnswerer } from "../answers/lineAnswerer.ts";
import { answerInput } from "../jobs/answerInput.ts";
import type { JobTrade } from "../jobs/jobTrade.ts";
import { limitsOf } from "../limits.ts";
import { hexOf } from "../seeded.ts";
import { endpointOf } from "./manners.ts";
import { openaiForm } from "./openaiForm.ts";
import { tellLimit } from "./openaiError.ts";
import { openaiModels } from "./models.ts";
import { lineReader } from "./requestLine.ts";

/** Batches: validated as a whole before they begin, answered in two files. */
export const openaiTrade: JobTrade = {
  fails: true,
  namesEveryLine: false,
  withholds: false,
  limitError: (reached) => ({ ...tellLimit(reached), line: null, param: null }),
  answer(job, { attempts, ...reading }) {
    const { create, scenario } = job;
    return answerInput({
      ...reading,
      job,
      limits: limitsOf(scenario, "openai"),
      reader: lineReader({
        path: create.endpoint,
        isKnownModel: (model) => openaiModels.includes(model) || scenario.models.includes(model),
      }),
      answerer: lineAnswerer(job, attempts, openaiForm(endpointOf(create.endpoint), create.at)),
    });
  },
  resultFile({ create }, which, createdAt) {
    const keptSeconds = create.outputExpiresAfterSeconds;
    return {
      id: `file-${hexOf(`${create.jobId}:${which}`).slice(0, 24)}`,
      filename: `${create.jobId}_${which}.jsonl`,
      purpose: "batch_output",
      expiresAt: keptSeconds === null ? null : createdAt + keptSeconds * 1_000,
    };
  },
};
