import type { JobError, StoredFile } from "../ledgerRecord.ts";
import type { Attempts } from "./attempts.ts";
import type { LimitReached } from "./enqueued.ts";
import type { InputAnswers, Unfinished } from "./inputAnswers.ts";
import type { Job } from "./jobBook.ts";

/** One reading of a job's input, as a provider carries it out. */
export interface Reading {
  readonly inputPath: string;
  readonly share: number;
  readonly unfinished: Unfinished;
  readonly outputPath: string;
  readonly errorPath: string;
  readonly attempts: Attempts;
}

/** What a provider has to say about its jobs while they run. */
export interface JobTrade {
  answer(job: Job, reading: Reading): Promise<InputAnswers>;
  /** A result file's name and what else is the provider's choice. Its id is the same after a restart. */
  resultFile(
    job: Job,
    which: "output" | "error",
    createdAt: number,
  ): Pick<StoredFile, "id" | "filename" | "purpose" | "expiresAt">;
  /** What a job fails with that passes a limit after its create. */
  limitError(limit: LimitReached): JobError;
  /** Whether jobs can fail as a whole. */
  readonly fails: boolean;
  /** Whether the results name every line, also those of a job that never began. */
  readonly namesEveryLine: boolean;
  /** Whether a job that did not complete may keep back what was done. */
  readonly withholds: boolean;
}
