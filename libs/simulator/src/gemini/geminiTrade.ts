import { lineAnswerer } from "../answers/lineAnswerer.ts";
import { answerInput } from "../jobs/answerInput.ts";
import type { Job } from "../jobs/jobBook.ts";
import type { JobTrade } from "../jobs/jobTrade.ts";
import { lifeMs } from "../jobs/jobTimeline.ts";
import { limitsOf } from "../limits.ts";
import { hexOf } from "../seeded.ts";
import { tellLimit } from "./geminiError.ts";
import { geminiForm, keyInMetadata } from "./geminiForm.ts";
import { lineReader } from "./requestLine.ts";

/** Whether a job's answers come inline: as its requests came, unless a fault turns it round. */
export function isAnsweredInline({ create, faults }: Job): boolean {
  const turned = create.inputFileId === null ? "file_answers" : "inline_answers";
  return (create.inputFileId === null) !== faults.some(({ what }) => what === turned);
}

/** Batches: of one model, answered in one place, errors among the answers. */
export const geminiTrade: JobTrade = {
  fails: true,
  namesEveryLine: false,
  withholds: true,
  limitError: (reached) => ({
    code: "RESOURCE_EXHAUSTED",
    message: tellLimit(reached),
    line: null,
    param: null,
  }),
  answer(job, { attempts, ...reading }) {
    const model = job.create.model ?? "";
    const inMetadata = keyInMetadata(isAnsweredInline(job), job.faults);
    return answerInput({
      ...reading,
      job,
      limits: limitsOf(job.scenario, "gemini"),
      reader: lineReader(model),
      answerer: lineAnswerer(job, attempts, geminiForm(model, inMetadata)),
    });
  },
  resultFile(job, _which, createdAt) {
    const { jobId } = job.create;
    return {
      // Longer than the 40 characters that an id may have when one asks for the file.
      id: `files/batch-${hexOf(`${jobId}:one`)}${hexOf(`${jobId}:two`).slice(0, 14)}`,
      filename: `${jobId.replace("batches/", "")}_results.jsonl`,
      purpose: isAnsweredInline(job) ? "inline_answers" : "batch_output",
      expiresAt: createdAt + lifeMs(job.scenario, "gemini", "fileMs"),
    };
  },
};
