import { existsSync } from "node:fs";
import { ledgerPath, readLedgerRecords } from "./ledger.ts";
import type { Charge, CreateRecord, LedgerRecord } from "./ledgerRecord.ts";

/** A create with what became of its job. `charge`, `status` and `endedAt` are null until the job has ended, `lines` until they were counted. */
export interface LedgerCreate extends Omit<CreateRecord, "scenario" | "faults"> {
  readonly lines: number | null;
  readonly status: string | null;
  readonly charge: Charge | null;
  readonly endedAt: number | null;
}

/** A line of the ledger as it is told: creates carry their job's end, everything else is as it was written. */
export type LedgerEntry =
  | LedgerCreate
  | Extract<
      LedgerRecord,
      { kind: "refused" | "upload" | "file_deleted" | "cancel" | "job_deleted" | "fault" }
    >;

/** Every entry of a simulator's ledger, in order; none where the folder has no ledger. The simulator may be running. */
export async function readLedger(folder: string): Promise<LedgerEntry[]> {
  const path = ledgerPath(folder);
  if (!existsSync(path)) return [];
  const entries: LedgerEntry[] = [];
  const places = new Map<string, number>();
  for await (const record of readLedgerRecords(path)) {
    if (record.kind === "create") {
      const { scenario: _scenario, faults: _faults, ...create } = record;
      places.set(record.jobId, entries.length);
      entries.push({
        ...create,
        lines: create.inputLines ?? null,
        status: null,
        charge: null,
        endedAt: null,
      });
      continue;
    }
    if (record.kind !== "ended" && record.kind !== "read") {
      entries.push(record);
      continue;
    }
    const place = places.get(record.jobId);
    const create = place === undefined ? undefined : entries[place];
    if (place === undefined || create?.kind !== "create") continue;
    entries[place] =
      record.kind === "read"
        ? { ...create, lines: record.lines, model: record.model ?? create.model }
        : {
            ...create,
            lines: record.lines,
            status: record.status,
            charge: record.charge,
            endedAt: record.at,
          };
  }
  return entries;
}
