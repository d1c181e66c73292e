import { createHash } from "node:crypto";
import type { FaultBook, Subject } from "./faultBook.ts";
import type { JobFault, Operation, RequestFault } from "./fault.ts";
import type { Refusals } from "./http/apiError.ts";
import type { JobBook } from "./jobs/jobBook.ts";
import type { JobRunner } from "./jobs/jobRunner.ts";
import type { Ordinals } from "./jobs/ordinals.ts";
import type { LedgerRecord } from "./ledgerRecord.ts";
import type { Provider } from "./provider.ts";
import type { Scenario } from "./scenario.ts";

/** The scenario in force, with the book that counts its faults. */
export interface Running {
  readonly name: string;
  readonly scenario: Scenario;
  readonly faults: FaultBook;
}

/** What a call is about, besides the provider it is made to. */
export type CallSubject = Omit<Subject, "provider">;

/** What the routes of a provider work with. */
export interface ProviderContext {
  readonly provider: Provider;
  readonly folder: string;
  readonly book: JobBook;
  readonly runner: JobRunner;
  readonly ordinals: Ordinals;
  readonly refusals: Refusals;
  readonly now: () => number;
  running(): Running;
  /** Writes down what happened, and takes it into the book once it is on disk. */
  record(entry: LedgerRecord): Promise<void>;
  /** The fault that strikes a call, written down. */
  strike(operation: Operation, subject: CallSubject, jobId?: string): Promise<RequestFault | null>;
  /** The faults that a new job carries, not yet written down. */
  strikeJob(subject: CallSubject): readonly { index: number; fault: JobFault; seen: number }[];
}

/** The account of a key: a short hash, so that the key itself is never kept. */
export function accountOf(key: string): string {
  return `key-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
}
