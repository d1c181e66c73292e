/** Reads a batch's input once: validates it, answers its lines, and writes the two result files beside it. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { tokensOf } from "../answers/words.ts";
import type { JobFault } from "../fault.ts";
import type { Charge, JobError } from "../ledgerRecord.ts";
import { openLineWriter } from "../lineWriter.ts";
import { readLineBatches } from "../readLineBatches.ts";
import type { Scenario } from "../scenario.ts";
import { seededNumbers } from "../seeded.ts";
import type { Attempts } from "./attempts.ts";
import type { Endpoint } from "./bodyFault.ts";
import { lineAnswerer } from "./lineAnswerer.ts";
import { lineReader } from "./requestLine.ts";

const MOST_ERRORS = 100;

/** What is asked of one reading. */
export interface InputReading {
  readonly jobId: string;
  readonly createdAt: number;
  readonly endpoint: Endpoint;
  readonly inputPath: string;
  readonly scenario: Scenario;
  readonly faults: readonly JobFault[];
  /** What part of the lines is finished, spread evenly; the others end as `unfinished`. */
  readonly share: number;
  readonly unfinished: "batch_expired" | "batch_cancelled";
  readonly outputPath: string;
  readonly errorPath: string;
  readonly attempts: Attempts;
  readonly isKnownModel: (model: string) => boolean;
}

/** What a reading found and wrote. With `errors` the job fails, and the files mean nothing. */
export interface InputAnswers {
  readonly share: number;
  readonly unfinished: "batch_expired" | "batch_cancelled";
  readonly lines: number;
  readonly model: string | null;
  readonly inputTokens: number;
  readonly errors: readonly JobError[];
  readonly counts: { readonly completed: number; readonly failed: number };
  readonly charge: Charge;
  /** Sizes of the files; null where there is no line in one. */
  readonly outputBytes: number | null;
  readonly errorBytes: number | null;
  /** Contents that a line rule has struck, to be counted once the job has ended. */
  readonly struck: readonly string[];
}

/** Whether the n-th line (from 0) is among the finished ones, so that of any first n about n × share are. */
function isFinished(index: number, share: number): boolean {
  return share >= 1 || Math.floor((index + 1) * share + 1e-9) > Math.floor(index * share + 1e-9);
}

/** Reads, validates and answers. Errors of the input are part of the result; only trouble with the disk throws. */
export async function answerInput(reading: InputReading): Promise<InputAnswers> {
  const { scenario, faults, share, jobId } = reading;
  const errors: JobError[] = [];
  const fail = (error: JobError) => {
    if (errors.length < MOST_ERRORS) errors.push(error);
  };
  const has = (what: JobFault["what"]) => faults.some((fault) => fault.what === what);
  const layout = {
    end: has("crlf") ? ("\r\n" as const) : ("\n" as const),
    byteOrderMark: has("bom"),
    lastLineEnded: !has("no_last_newline"),
    shuffle: has("out_of_order") ? seededNumbers(`${scenario.seed}:order:${jobId}`) : null,
  };
  const output = await openLineWriter(reading.outputPath, layout);
  const errorFile = await openLineWriter(reading.errorPath, layout);
  const reader = lineReader({
    endpoint: reading.endpoint,
    isKnownModel: reading.isKnownModel,
  });
  const answerer = lineAnswerer(reading);
  let lines = 0;
  let inputTokens = 0;
  const { size } = await stat(reading.inputPath);
  if (size > scenario.limits.bytes)
    fail({
      code: "file_too_large",
      message: `The file is larger than ${scenario.limits.bytes} bytes.`,
      line: null,
      param: null,
    });
  else
    for await (const batch of readLineBatches(
      createReadStream(reading.inputPath, { highWaterMark: 128 * 1024 }),
    )) {
      for (const { bytes, cut } of batch) {
        lines += 1;
        if (lines > scenario.limits.lines) continue;
        const text = cut ? null : bytes.toString();
        const read = reader.read(text, lines);
        if ("error" in read) {
          fail(read.error);
          continue;
        }
        inputTokens += tokensOf(text ?? "");
        if (errors.length > 0) continue;
        const answered = isFinished(lines - 1, share)
          ? answerer.answer(read.request, text ?? "")
          : answerer.unfinished(read.request);
        for (const line of answered.output) output.add(line);
        for (const line of answered.errors) errorFile.add(line);
      }
      await output.settle();
      await errorFile.settle();
    }
  if (lines === 0 && errors.length === 0)
    fail({ code: "empty_file", message: "The batch file is empty.", line: null, param: null });
  if (lines > scenario.limits.lines)
    fail({
      code: "request_limit_exceeded",
      message: `The file has ${lines} requests; a batch may have at most ${scenario.limits.lines}.`,
      line: null,
      param: null,
    });
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
