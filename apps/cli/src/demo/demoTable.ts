import Table from "cli-table3";
import type { Counts, RequestDoc } from "@granary/domain";
import { addCounts, NO_COUNTS } from "@granary/domain";
import type { EmbeddedWorkspace } from "../stack/openWorkspace.ts";
import { count, duration, money } from "../terminal/format.ts";
import type { WorkGroup } from "./workGroups.ts";

const PAGE = 500;

/** What became of one group. */
export interface GroupSummary {
  readonly name: string;
  /** Accounts it went to, and models it asked. */
  readonly accounts: readonly string[];
  readonly models: readonly string[];
  readonly items: number;
  readonly counts: Counts;
  /** Items that travelled more than once. */
  readonly retried: number;
  readonly tokens: number;
  readonly costMicros: number | null;
  readonly durationMs: number;
  /** The artifact folders of its requests, in the artifact store. */
  readonly folders: readonly string[];
}

/** Adds up what became of a group's requests. */
export async function summarise(
  { store }: EmbeddedWorkspace,
  { name, ids }: WorkGroup,
): Promise<GroupSummary> {
  const summaries: GroupSummary[] = [];
  let from = Infinity;
  let to = 0;
  for (let at = 0; at < ids.length; at += PAGE)
    for (const request of await store.loadMany("request", ids.slice(at, at + PAGE))) {
      from = Math.min(from, request.acceptedAt);
      to = Math.max(to, request.endedAt ?? request.acceptedAt);
      summaries.push(summaryOf(request, await retriedOf(store, request.id)));
    }
  return { ...addUp(name, summaries), durationMs: to - from };
}

function summaryOf(request: RequestDoc, retried: number): GroupSummary {
  const { id, requestId, account, model, itemCount, counts, usage, costMicros } = request;
  return {
    name: requestId,
    accounts: [account],
    models: [model],
    items: itemCount,
    counts: counts ?? NO_COUNTS,
    retried,
    tokens: (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0),
    costMicros,
    durationMs: 0,
    folders: [id],
  };
}

function addUp(name: string, summaries: readonly GroupSummary[]): GroupSummary {
  const sum = (pick: (summary: GroupSummary) => number): number =>
    summaries.reduce((total, summary) => total + pick(summary), 0);
  return {
    name,
    accounts: [...new Set(summaries.flatMap(({ accounts }) => accounts))],
    models: [...new Set(summaries.flatMap(({ models }) => models))],
    items: sum(({ items }) => items),
    counts: summaries.reduce((total, { counts }) => addCounts(total, counts), NO_COUNTS),
    retried: sum(({ retried }) => retried),
    tokens: sum(({ tokens }) => tokens),
    costMicros: summaries.some(({ costMicros }) => costMicros === null)
      ? null
      : sum(({ costMicros }) => costMicros ?? 0),
    durationMs: Math.max(0, ...summaries.map(({ durationMs }) => durationMs)),
    folders: summaries.flatMap(({ folders }) => folders),
  };
}

async function retriedOf(store: EmbeddedWorkspace["store"], request: string): Promise<number> {
  let retried = 0;
  for (let after: number | undefined; ;) {
    const page = await store.outcomes(request, { after, limit: PAGE });
    retried += page.filter(({ attempt }) => attempt > 1).length;
    after = page.at(-1)?.ordinal;
    if (page.length < PAGE) return retried;
  }
}

/** The groups as a table, with their sum. */
export function summaryTable(summaries: readonly GroupSummary[]): string {
  const table = new Table({
    head: [
      "request",
      "account, model",
      "items",
      "succeeded",
      "failed",
      "retried",
      "tokens",
      "cost",
      "took",
      "artifacts",
    ],
    // Without a terminal nothing is coloured.
    style: { head: process.stdout.isTTY ? ["bold"] : [], border: [], compact: true },
    colAligns: ["left", "left", "right", "right", "left", "right", "right", "right", "right", "left"],
  });
  for (const summary of summaries) table.push(row(summary));
  if (summaries.length > 1) {
    const all = addUp("all", summaries);
    table.push(row(all, { place: "", sentTo: `${count(all.accounts.length)} accounts` }));
  }
  return table.toString();
}

function row(
  summary: GroupSummary,
  { place, sentTo } = { place: placeOf(summary), sentTo: sentToOf(summary) },
): string[] {
  const { name, items, counts, retried, tokens, costMicros, durationMs } = summary;
  return [
    name,
    sentTo,
    count(items),
    count(counts.succeeded),
    failedText(counts),
    count(retried),
    count(tokens),
    money(costMicros),
    duration(durationMs),
    place,
  ];
}

function sentToOf({ accounts, models }: GroupSummary): string {
  return [...accounts, ...models].join("\n");
}

function placeOf({ folders }: GroupSummary): string {
  return folders.length === 1 ? `${folders[0]}/` : "shared/";
}

function failedText(counts: Counts): string {
  const reasons = Object.entries(counts.byReason).map(([reason, number]) => `${count(number)} ${reason}`);
  const others = (["expired", "cancelled"] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${count(counts[status])} ${status}`);
  return [...reasons, ...others].join("\n") || "-";
}
