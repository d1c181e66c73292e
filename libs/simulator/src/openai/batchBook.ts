/** What the simulated OpenAI knows: files and batches, rebuilt from the ledger at start. */
import type { JobFault } from "../fault.ts";
import { isJobFault } from "../fault.ts";
import { type Durations, durationsOf, type Milestones, milestonesOf } from "../jobTimeline.ts";
import type { CreateRecord, LedgerRecord, StoredFile } from "../ledgerRecord.ts";
import type { Scenario } from "../scenario.ts";
import type { InputAnswers } from "./answerInput.ts";

/** One batch. Fields after `durations` are filled in as it goes on. */
export interface Batch {
  readonly create: CreateRecord;
  readonly scenario: Scenario;
  readonly faults: readonly JobFault[];
  readonly durations: Durations;
  read: Extract<LedgerRecord, { kind: "read" }> | null;
  cancelAskedAt: number | null;
  ended: Extract<LedgerRecord, { kind: "ended" }> | null;
  /** Answers that lie ready on disk, not yet delivered. */
  answers: InputAnswers | null;
}

/** A file, until it is deleted or expires. */
export interface KnownFile extends StoredFile {
  deletedAt: number | null;
}

/** The book of batches and files. */
export interface BatchBook {
  readonly batches: ReadonlyMap<string, Batch>;
  /** A batch under this account, or undefined. */
  batch(account: string, id: string): Batch | undefined;
  /** An account's batches in the order of their creates. */
  batchesOf(account: string): readonly Batch[];
  /** A file this account can see now. */
  file(account: string, id: string, now: number): KnownFile | undefined;
  filesOf(account: string, now: number): KnownFile[];
  /** The batch that wrote a file. */
  writerOf(fileId: string): Batch | undefined;
  /** Whether nobody needs a file's bytes any more: it was deleted, and no unfinished batch reads it. */
  isDiscarded(fileId: string): boolean;
  nextOrdinal(): number;
  /** Takes up what was written down. The only way the book changes. */
  apply(record: LedgerRecord): void;
}

/** The course of a batch as it stands. */
export function courseOf(batch: Batch): Milestones {
  return milestonesOf({
    createdAt: batch.create.at,
    durations: batch.durations,
    faults: batch.faults,
    read: batch.read && {
      at: batch.read.at,
      lines: batch.read.lines,
      failed: batch.read.errors.length > 0,
    },
    cancelAskedAt: batch.cancelAskedAt,
  });
}

/** An empty book. `scenarioNamed` gives the scenario a create was made under. */
export function batchBook(scenarioNamed: (name: string) => Scenario): BatchBook {
  const batches = new Map<string, Batch>();
  const byAccount = new Map<string, Batch[]>();
  const files = new Map<string, KnownFile>();
  const writers = new Map<string, Batch>();
  const readers = new Map<string, number>();
  let ordinal = 0;
  const addFile = (file: StoredFile | null, writer?: Batch) => {
    if (!file) return;
    files.set(file.id, { ...file, deletedAt: null });
    if (writer) writers.set(file.id, writer);
  };
  const countReader = (fileId: string, change: 1 | -1) =>
    readers.set(fileId, (readers.get(fileId) ?? 0) + change);
  const isThere = (file: KnownFile, account: string, now: number) =>
    file.account === account && file.deletedAt === null && (file.expiresAt === null || file.expiresAt > now);

  return {
    batches,
    batch(account, id) {
      const found = batches.get(id);
      return found?.create.account === account ? found : undefined;
    },
    batchesOf: (account) => byAccount.get(account) ?? [],
    file(account, id, now) {
      const found = files.get(id);
      return found && isThere(found, account, now) ? found : undefined;
    },
    filesOf: (account, now) => [...files.values()].filter((file) => isThere(file, account, now)),
    writerOf: (fileId) => writers.get(fileId),
    isDiscarded: (fileId) => files.get(fileId)?.deletedAt != null && (readers.get(fileId) ?? 0) === 0,
    nextOrdinal: () => (ordinal += 1),
    apply(record) {
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
          const durations = durationsOf(scenario, record.ordinal, faults as JobFault[]);
          const batch: Batch = {
            create: record,
            scenario,
            faults: faults as JobFault[],
            durations,
            read: null,
            cancelAskedAt: null,
            ended: null,
            answers: null,
          };
          ordinal = Math.max(ordinal, record.ordinal);
          batches.set(record.jobId, batch);
          countReader(record.inputFileId, 1);
          const siblings = byAccount.get(record.account);
          if (siblings) siblings.push(batch);
          else byAccount.set(record.account, [batch]);
          break;
        }
        case "cancel": {
          const batch = batches.get(record.jobId);
          if (batch) batch.cancelAskedAt ??= record.at;
          break;
        }
        case "read": {
          const batch = batches.get(record.jobId);
          if (batch) batch.read = record;
          break;
        }
        case "ended": {
          const batch = batches.get(record.jobId);
          if (!batch) break;
          batch.ended = record;
          batch.answers = null;
          countReader(batch.create.inputFileId, -1);
          addFile(record.output, batch);
          addFile(record.errorFile, batch);
          break;
        }
        case "refused":
        case "fault":
          break;
      }
    },
  };
}
