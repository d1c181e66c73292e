/** Reads a job's input once: validates it, answers its lines, and writes the result files beside it. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { LineAnswerer, NamedRequest } from "../answers/lineAnswerer.ts";
import { tokensOf } from "../answers/words.ts";
import type { JobFault } from "../fault.ts";
import type { JobError } from "../ledgerRecord.ts";
import type { ProviderLimits } from "../limits.ts";
import { type LineLayout, openLineWriter } from "../lineWriter.ts";
import { readLineBatches } from "../readLineBatches.ts";
import { seededNumbers } from "../seeded.ts";
import type { InputAnswers, Unfinished } from "./inputAnswers.ts";
import type { Job } from "./jobBook.ts";

const MOST_ERRORS = 100;

/** Says of every line in turn whether it may stand in the job. */
export interface LineReader<R> {
  read(text: string | null, line: number): { readonly request: R } | { readonly error: JobError };
  /** The model of the lines read, or null before the first good one. */
  readonly model: string | null;
}

/** What is asked of one reading. */
export interface InputReading<R extends NamedRequest> {
  readonly job: Job;
  readonly inputPath: string;
  /** What part of the lines is finished, spread evenly; the others end as `unfinished`. */
  readonly share: number;
  readonly unfinished: Unfinished;
  readonly outputPath: string;
  readonly errorPath: string;
  readonly limits: ProviderLimits;
  readonly reader: LineReader<R>;
  readonly answerer: LineAnswerer<R>;
}

/** Whether the n-th line (from 0) is among the finished ones, so that of any first n about n × share are. */
function isFinished(index: number, share: number): boolean {
  return share >= 1 || Math.floor((index + 1) * share + 1e-9) > Math.floor(index * share + 1e-9);
}

function layoutOf({ create, scenario, faults }: Job): LineLayout {
  const has = (what: JobFault["what"]) => faults.some((fault) => fault.what === what);
  return {
    end: has("crlf") ? "\r\n" : "\n",
    byteOrderMark: has("bom"),
    lastLineEnded: !has("no_last_newline"),
    shuffle: has("out_of_order") ? seededNumbers(`${scenario.seed}:order:${create.jobId}`) : null,
  };
}

/** Reads, validates and answers. Errors of the input are part of the result; only trouble with the disk throws. */
export async function answerInput<R extends NamedRequest>(reading: InputReading<R>): Promise<InputAnswers> {
  const { job, share, reader, answerer, limits } = reading;
  const errors: JobError[] = [];
  const fail = (code: string, message: string) => {
    if (errors.length < MOST_ERRORS) errors.push({ code, message, line: null, param: null });
  };
  const layout = layoutOf(job);
  const output = await openLineWriter(reading.outputPath, layout);
  const errorFile = await openLineWriter(reading.errorPath, layout);
  let lines = 0;
  let inputTokens = 0;
  const { size } = await stat(reading.inputPath);
  if (size > limits.bytes) fail("file_too_large", `The file is larger than ${limits.bytes} bytes.`);
  else
    for await (const batch of readLineBatches(
      createReadStream(reading.inputPath, { highWaterMark: 128 * 1024 }),
    )) {
      for (const { bytes, cut } of batch) {
        lines += 1;
        if (lines > limits.lines) continue;
        const text = cut ? null : bytes.toString();
        const read = reader.read(text, lines);
        if ("error" in read) {
          if (errors.length < MOST_ERRORS) errors.push(read.error);
          continue;
        }
        inputTokens += tokensOf(text ?? "");
        if (errors.length > 0) continue;
        const answered = isFinished(lines - 1, share)
          ? answerer.answer(read.request, text ?? "")
          : answerer.unfinished(read.request, reading.unfinished);
        for (const line of answered.output) output.add(line);
        for (const line of answered.errors) errorFile.add(line);
      }
      await output.settle();
      await errorFile.settle();
    }
  if (lines === 0 && errors.length === 0) fail("empty_file", "The batch file is empty.");
  if (lines > limits.lines)
    fail(
      "request_limit_exceeded",
      `The file has ${lines} requests; a batch may have at most ${limits.lines}.`,
    );
  const outputBytes = await output.finish();
  const errorBytes = await errorFile.finish();
  return {
    share,
    unfinished: reading.unfinished,
    lines,
    model: reader.model,
    inputTokens,
    errors,
    counts: answerer.counts,
    charge: answerer.charge,
    outputBytes: output.lines > 0 ? outputBytes : null,
    errorBytes: errorFile.lines > 0 ? errorBytes : null,
    struck: answerer.struck,
  };
}
