import { createReadStream } from "node:fs";
import type { Job } from "../jobs/jobBook.ts";
import { readLineBatches } from "../readLineBatches.ts";
import { storedPath } from "../storedPath.ts";
import { operation, outputOf } from "./operation.ts";

/** Answers as they stand inline. What a fault made no JSON of stands there as an empty one. */
async function readInlineAnswers(path: string): Promise<unknown[]> {
  const answers: unknown[] = [];
  for await (const batch of readLineBatches(createReadStream(path)))
    for (const { bytes } of batch) {
      const text = bytes.toString().replace("\uFEFF", "").trim();
      if (text === "") continue;
      try {
        answers.push(JSON.parse(text));
      } catch {
        answers.push({});
      }
    }
  return answers;
}

/** A batch as the API shows it, with its answers where they come inline. */
export async function wholeOperation(folder: string, job: Job, now: number): Promise<object> {
  const { ended } = job;
  if (!ended?.output || outputOf(job, now) !== "inline") return operation(job, now, null);
  return operation(job, now, await readInlineAnswers(storedPath(folder, ended.output.id)));
}
