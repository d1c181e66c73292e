import type { Charge, JobError, LineCounts } from "../ledgerRecord.ts";

/** Why lines were left undone. */
export type Unfinished = "expired" | "cancelled";

/** What a reading found and wrote. With `errors` the job fails, and the files mean nothing. */
export interface InputAnswers {
  readonly share: number;
  readonly unfinished: Unfinished;
  readonly lines: number;
  readonly model: string | null;
  readonly inputTokens: number;
  readonly errors: readonly JobError[];
  readonly counts: LineCounts;
  readonly charge: Charge;
  /** Sizes of the files; null where there is no line in one. */
  readonly outputBytes: number | null;
  readonly errorBytes: number | null;
  /** Contents that a line rule has struck, to be counted once the job has ended. */
  readonly struck: readonly string[];
}
