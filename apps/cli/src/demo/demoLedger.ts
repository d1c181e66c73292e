import type { LedgerCreate, LedgerEntry } from "@granary/simulator";
import { count } from "../terminal/format.ts";

/** What a provider itself says was created and paid. */
export interface ProviderLedger {
  readonly provider: string;
  readonly jobs: number;
  readonly lines: number;
  readonly lostAnswers: number;
  readonly expired: number;
  readonly refused: number;
  /** Tags with more than one job. */
  readonly createdTwice: readonly string[];
  /** Tags of which more than one job was charged for. */
  readonly paidTwice: readonly string[];
  /** Jobs that carry no tag, not even in the ids of their lines: nobody could ever find them again. */
  readonly untagged: number;
  /** Jobs that have not ended. */
  readonly open: number;
}

/** What all of them say. */
export interface LedgerSummary {
  /** By name. */
  readonly providers: readonly ProviderLedger[];
  readonly faults: number;
}

/** Reads the simulator's ledger as an accountant would: by provider, and by what was created under each tag. */
export function summariseLedger(entries: readonly LedgerEntry[]): LedgerSummary {
  const asked = entries.filter((entry) => entry.kind === "create" || entry.kind === "refused");
  return {
    providers: [...Map.groupBy(asked, ({ provider }) => provider)]
      .map(([provider, own]) => ({
        provider,
        ...createsOf(own.filter((entry) => entry.kind === "create")),
        refused: own.filter(({ kind }) => kind === "refused").length,
      }))
      .toSorted((a, b) => (a.provider < b.provider ? -1 : 1)),
    faults: entries.filter(({ kind }) => kind === "fault").length,
  };
}

function createsOf(creates: readonly LedgerCreate[]): Omit<ProviderLedger, "provider" | "refused"> {
  const byTag = Map.groupBy(creates, ({ tag }) => tag ?? "");
  const untagged = byTag.get("")?.length ?? 0;
  byTag.delete("");
  const twice = [...byTag].filter(([, jobs]) => jobs.length > 1);
  return {
    jobs: creates.length,
    lines: creates.reduce((sum, { lines }) => sum + (lines ?? 0), 0),
    lostAnswers: creates.filter(({ answer }) => answer !== "sent").length,
    expired: creates.filter(({ status }) => status === "expired").length,
    createdTwice: twice.map(([tag]) => tag),
    paidTwice: twice
      .filter(([, jobs]) => jobs.filter(({ charge }) => charge && charge.inputTokens > 0).length > 1)
      .map(([tag]) => tag),
    untagged,
    open: creates.filter(({ endedAt }) => endedAt === null).length,
  };
}

/** Whether every job can be accounted for, and none twice. */
export function isClean({ providers }: LedgerSummary): boolean {
  return providers.every(
    ({ createdTwice, untagged, open }) => createdTwice.length === 0 && untagged === 0 && open === 0,
  );
}

const ROWS: readonly (readonly [string, (of: ProviderLedger) => number])[] = [
  ["jobs created", ({ jobs }) => jobs],
  ["lines in them", ({ lines }) => lines],
  ["creates refused", ({ refused }) => refused],
  ["creates whose answer was lost", ({ lostAnswers }) => lostAnswers],
  ["jobs that expired", ({ expired }) => expired],
  ["jobs created twice", ({ createdTwice }) => createdTwice.length],
  ["jobs paid twice", ({ paidTwice }) => paidTwice.length],
];
/** Said only where there are some. */
const WRONG: readonly (readonly [string, (of: ProviderLedger) => number])[] = [
  ["jobs without a tag", ({ untagged }) => untagged],
  ["jobs that have not ended", ({ open }) => open],
];
const TITLE_WIDTH = 31;
const LEAST_WIDTH = 8;

/** The summary as lines of text: a column for each provider. */
export function ledgerText({ providers, faults }: LedgerSummary): string {
  const widths = providers.map(({ provider }) => Math.max(LEAST_WIDTH, provider.length + 2));
  const line = (title: string, cells: readonly string[]): string =>
    `  ${title.padEnd(TITLE_WIDTH)}${cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("")}`;
  const wrong = WRONG.filter(([, of]) => providers.some((one) => of(one) > 0));
  const twice = providers.flatMap(({ createdTwice }) => createdTwice);
  return [
    `The simulator's ledger, in which ${count(faults)} faults struck:`,
    line(
      "",
      providers.map(({ provider }) => provider),
    ),
    ...[...ROWS, ...wrong].map(([title, of]) =>
      line(
        `${title}:`,
        providers.map((one) => count(of(one))),
      ),
    ),
    ...(twice.length > 0 ? [`  created twice: ${twice.join(", ")}`] : []),
  ].join("\n");
}
