/** The simulator's memory: an append-only file of everything that happened, and the witness that nothing was paid twice. */
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LedgerRecord } from "./ledgerRecord.ts";
import { readLineBatches } from "./readLineBatches.ts";

/** An open ledger. */
export interface Ledger {
  /** Resolves once the record is on disk. Records appended together share one fsync. */
  append(record: LedgerRecord): Promise<void>;
  close(): Promise<void>;
}

/** Where a simulator's folder has its ledger. */
export function ledgerPath(folder: string): string {
  return join(folder, "ledger.jsonl");
}

/** Every record of a ledger file, in order. A last line that was torn by a crash is left out. */
export async function* readLedgerRecords(path: string): AsyncGenerator<LedgerRecord> {
  for await (const batch of readLineBatches(createReadStream(path)))
    for (const { bytes, ended } of batch) if (ended) yield JSON.parse(bytes.toString()) as LedgerRecord;
}

/** Opens the ledger for appending, hands every record it holds to `replay`, and cuts off a torn last line. */
export async function openLedger(folder: string, replay: (record: LedgerRecord) => void): Promise<Ledger> {
  const path = ledgerPath(folder);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a+");
  let wholeBytes = 0;
  for await (const batch of readLineBatches(createReadStream(path)))
    for (const { bytes, ended } of batch) {
      if (!ended) continue;
      wholeBytes += bytes.length + 1;
      replay(JSON.parse(bytes.toString()) as LedgerRecord);
    }
  await file.truncate(wholeBytes);

  let waiting: { line: string; resolve: () => void; reject: (reason: unknown) => void }[] = [];
  let writing: Promise<void> | null = null;
  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await file.appendFile(group.map(({ line }) => line).join(""));
        await file.datasync();
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    writing = null;
  }
  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        waiting.push({ line: `${JSON.stringify(record)}\n`, resolve, reject });
        writing ??= write();
      }),
    async close() {
      await writing;
      await file.close();
    },
  };
}
