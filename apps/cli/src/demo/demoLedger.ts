import type { LedgerEntry } from "@granary/simulator";
import { count } from "../terminal/format.ts";

/** What the provider itself says was created and paid. */
export interface LedgerSummary {
  readonly jobs: number;
  readonly lines: number;
  readonly lostAnswers: number;
  readonly expired: number;
  readonly refused: number;
  readonly faults: number;
  /** Tags with more than one job. */
  readonly createdTwice: readonly string[];
  /** Tags of which more than one job was charged for. */
  readonly paidTwice: readonly string[];
  /** Jobs that carry no tag: nobody could ever find them again. */
  readonly untagged: number;
  /** Jobs that have not ended. */
  readonly open: number;
}

/** Reads the simulator's ledger as an accountant would: by what was created under each tag. */
export function summariseLedger(entries: readonly LedgerEntry[]): LedgerSummary {
  const creates = entries.filter((entry) => entry.kind === "create");
  const byTag = Map.groupBy(creates, ({ tag }) => tag ?? "");
  const untagged = byTag.get("")?.length ?? 0;
  byTag.delete("");
  const twice = [...byTag].filter(([, jobs]) => jobs.length > 1);
  return {
    jobs: creates.length,
    lines: creates.reduce((sum, { lines }) => sum + (lines ?? 0), 0),
    lostAnswers: creates.filter(({ answer }) => answer !== "sent").length,
    expired: creates.filter(({ status }) => status === "expired").length,
    refused: entries.filter(({ kind }) => kind === "refused").length,
    faults: entries.filter(({ kind }) => kind === "fault").length,
    createdTwice: twice.map(([tag]) => tag),
    paidTwice: twice
      .filter(([, jobs]) => jobs.filter(({ charge }) => charge && charge.inputTokens > 0).length > 1)
      .map(([tag]) => tag),
    untagged,
    open: creates.filter(({ endedAt }) => endedAt === null).length,
  };
}

/** Whether every job can be accounted for, and none twice. */
export function isClean({ createdTwice, untagged, open }: LedgerSummary): boolean {
  return createdTwice.length === 0 && untagged === 0 && open === 0;
}

/** The summary as lines of text. */
export function ledgerText(summary: LedgerSummary): string {
  const { jobs, lines, lostAnswers, expired, refused, faults, createdTwice, paidTwice, untagged, open } =
    summary;
  return [
    `The simulator's ledger: ${count(jobs)} jobs created with ${count(lines)} lines`,
    `  faults that struck:            ${count(faults)}`,
    `  creates refused:               ${count(refused)}`,
    `  creates whose answer was lost: ${lostAnswers}`,
    `  jobs that expired:             ${expired}`,
    `  jobs created twice:            ${named(createdTwice)}`,
    `  jobs paid twice:               ${named(paidTwice)}`,
    ...(untagged > 0 ? [`  jobs without a tag:            ${untagged}`] : []),
    ...(open > 0 ? [`  jobs that have not ended:      ${open}`] : []),
  ].join("\n");
}

function named(tags: readonly string[]): string {
  return tags.length === 0 ? "0" : `${tags.length} (${tags.join(", ")})`;
}
