/** What a simulated provider knows: files and jobs, rebuilt from the ledger at start. */
import type { JobFault } from "../fault.ts";
import { isJobFault } from "../fault.ts";
import type { CreateRecord, LedgerRecord, StoredFile } from "../ledgerRecord.ts";
import type { Provider } from "../provider.ts";
import type { Scenario } from "../scenario.ts";
import type { InputAnswers } from "./inputAnswers.ts";
import { type Durations, durationsOf, type Milestones, milestonesOf } from "./jobTimeline.ts";

/** One job. Fields after `durations` are filled in as it goes on. */
export interface Job {
  readonly create: CreateRecord;
  readonly scenario: Scenario;
  readonly faults: readonly JobFault[];
  readonly durations: Durations;
  read: Extract<LedgerRecord, { kind: "read" }> | null;
  cancelAskedAt: number | null;
  ended: Extract<LedgerRecord, { kind: "ended" }> | null;
  deletedAt: number | null;
  /** Answers that lie ready on disk, not yet delivered. */
  answers: InputAnswers | null;
}

/** A file, until it is deleted or expires. */
export interface KnownFile extends StoredFile {
  deletedAt: number | null;
}

/** The book of jobs and files. */
export interface JobBook {
  /** Every job there ever was. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** A job under this account, or undefined. */
  job(account: string, id: string): Job | undefined;
  /** An account's jobs in the order of their creates, those that were deleted too. */
  jobsOf(account: string): readonly Job[];
  /** A file this account can see now. */
  file(account: string, id: string, now: number): KnownFile | undefined;
  filesOf(account: string, now: number): KnownFile[];
  /** Whether an id was ever given to a file, whoever has it. */
  hasFile(id: string): boolean;
  /** The job that wrote a file. */
  writerOf(fileId: string): Job | undefined;
  /** Whether nobody needs a file's bytes any more: it was deleted, and no unfinished job reads it. */
  isDiscarded(fileId: string): boolean;
  /** Takes up what was written down. The only way the book changes. */
  apply(record: LedgerRecord): void;
}

/** The course of a job as it stands. */
export function courseOf(job: Job): Milestones {
  return milestonesOf({
    createdAt: job.create.at,
    durations: job.durations,
    faults: job.faults,
    read: job.read && {
      at: job.read.at,
      lines: job.read.lines,
      failed: job.read.errors.length > 0,
    },
    cancelAskedAt: job.cancelAskedAt,
  });
}

/** An empty book of one provider. `scenarioNamed` gives the scenario a create was made under. */
export function jobBook(provider: Provider, scenarioNamed: (name: string) => Scenario): JobBook {
  const jobs = new Map<string, Job>();
  const byAccount = new Map<string, Job[]>();
  const files = new Map<string, KnownFile>();
  const writers = new Map<string, Job>();
  const readers = new Map<string, number>();
  const addFile = (file: StoredFile | null, writer?: Job) => {
    if (!file) return;
    files.set(file.id, { ...file, deletedAt: null });
    if (writer) writers.set(file.id, writer);
  };
  const countReader = (fileId: string | null, change: 1 | -1) => {
    if (fileId !== null) readers.set(fileId, (readers.get(fileId) ?? 0) + change);
  };
  const isThere = (file: KnownFile, account: string, now: number) =>
    file.account === account && file.deletedAt === null && (file.expiresAt === null || file.expiresAt > now);

  return {
    jobs,
    job(account, id) {
      const found = jobs.get(id);
      return found?.create.account === account && found.deletedAt === null ? found : undefined;
    },
    jobsOf: (account) => byAccount.get(account) ?? [],
    file(account, id, now) {
      const found = files.get(id);
      return found && isThere(found, account, now) ? found : undefined;
    },
    filesOf: (account, now) => [...files.values()].filter((file) => isThere(file, account, now)),
    hasFile: (id) => files.has(id),
    writerOf: (fileId) => writers.get(fileId),
    isDiscarded: (fileId) => files.get(fileId)?.deletedAt != null && (readers.get(fileId) ?? 0) === 0,
    apply(record) {
      if ("provider" in record && record.provider !== provider) return;
      switch (record.kind) {
        case "upload":
          addFile(record.file);
          break;
        case "file_deleted": {
          const file = files.get(record.fileId);
          if (file) file.deletedAt = record.at;
          break;
        }
        case "create": {
          const scenario = scenarioNamed(record.scenario);
          const faults = record.faults
            .map((index) => scenario.faults[index])
            .filter((fault) => fault && isJobFault(fault));
          const durations = durationsOf(scenario, record, faults as JobFault[]);
          const job: Job = {
            create: record,
            scenario,
            faults: faults as JobFault[],
            durations,
            read: null,
            cancelAskedAt: null,
            ended: null,
            deletedAt: null,
            answers: null,
          };
          jobs.set(record.jobId, job);
          countReader(record.inputFileId, 1);
          const siblings = byAccount.get(record.account);
          if (siblings) siblings.push(job);
          else byAccount.set(record.account, [job]);
          break;
        }
        case "cancel": {
          const job = jobs.get(record.jobId);
          if (job) job.cancelAskedAt ??= record.at;
          break;
        }
        case "job_deleted": {
          const job = jobs.get(record.jobId);
          if (job) job.deletedAt ??= record.at;
          break;
        }
        case "read": {
          const job = jobs.get(record.jobId);
          if (job) job.read = record;
          break;
        }
        case "ended": {
          const job = jobs.get(record.jobId);
          if (!job) break;
          job.ended = record;
          job.answers = null;
          countReader(job.create.inputFileId, -1);
          addFile(record.output, job);
          addFile(record.errorFile, job);
          break;
        }
        case "refused":
        case "fault":
          break;
      }
    },
  };
}
