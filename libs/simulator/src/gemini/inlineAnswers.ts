import { isUtf8 } from "node:buffer";
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
        // An API that makes its answer of objects cannot hand on a byte that is no text.
        answers.push(isUtf8(bytes) ? JSON.parse(text) : {});
      } catch {
        answers.push({});
      }
    }
  return answers;
}

/** Whoever looks at a batch that has ended looks again soon: the last answers that were read, which never change. */
let last: { readonly path: string; readonly answers: Promise<unknown[]> } | null = null;

async function inlineAnswers(path: string): Promise<unknown[]> {
  if (last?.path !== path) last = { path, answers: readInlineAnswers(path) };
  const { answers } = last;
  // What could not be read is read anew the next time.
  answers.catch(() => (last = null));
  return answers;
}

/** A batch as the API shows it, with its answers where they come inline. */
export async function wholeOperation(folder: string, job: Job, now: number): Promise<object> {
  const { ended } = job;
  if (!ended?.output || outputOf(job, now) !== "inline") return operation(job, now, null);
  return operation(job, now, await inlineAnswers(storedPath(folder, ended.output.id)));
}
