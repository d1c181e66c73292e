import type {
  Judgement,
  RawFile,
  RequestDoc,
  Slice,
  TaskDoc,
  Usage,
  VerdictRow,
  VerdictsRef,
} from "@granary/domain";
import {
  addCosts,
  addUsage,
  costOf,
  countOne,
  customId,
  judgeLine,
  lineOf,
  NO_COUNTS,
  NO_USAGE,
  ordinalsOf,
  outcomeOf,
  priceOf,
  taskFolder,
  verdictRow,
} from "@granary/domain";
import { OPENAI_PRICES, outputValidator } from "@granary/providers";
import { ACCOUNT, MODEL, NOW, taskOf } from "./documents.ts";
import { DIALECT } from "./world.ts";
import type { World } from "./world.ts";

export const PRICE = priceOf(OPENAI_PRICES, "openai", MODEL, NOW);

/** What a task carried and what came back for it. */
export interface Sent {
  readonly id: string;
  /** In the order of the manifest. */
  readonly slices: readonly Slice[];
  /** Slices that were taken out while the job ran. */
  readonly detached?: readonly string[];
  readonly requests: readonly RequestDoc[];
  readonly jobId: string;
  /** The custom ids of its lines, where somebody else created the job. */
  readonly ownIds?: readonly string[];
  readonly results: (customIdOf: (line: number) => string) => readonly string[];
  readonly errors: (customIdOf: (line: number) => string) => readonly string[];
  /** How a line was judged at the time, where that was not as it is judged today. */
  readonly judgedAs?: (line: number) => Judgement | undefined;
}

/** A task that has ended, with its rows. */
export interface Judged {
  readonly task: TaskDoc;
  readonly rows: readonly VerdictRow[];
  /** Lines charged for, once each. */
  readonly charge: Usage;
}

/** Writes the files of a task and makes the document that records them; the store is left to the caller. */
export async function judgedTask(world: World, sent: Sent): Promise<Judged> {
  const { id, slices, requests, jobId, ownIds } = sent;
  const request = requests.length === 1 ? (requests[0]?.id ?? null) : null;
  const folder = taskFolder({ id, request });
  const carried = slices.flatMap((slice) => ordinalsOf(slice.members).map((ordinal) => ({ slice, ordinal })));
  const manifest = carried.map(({ slice, ordinal }, line) => ({
    line,
    slice: slice.id,
    ordinal,
    ...(ownIds ? { customId: ownIds[line] } : {}),
  }));
  const raw: RawFile[] = [];
  const rows: VerdictRow[] = [];
  const aside = { duplicate: 0, foreign: 0, detached: 0 };
  const seen = new Set<number>();
  let unusedMicros: number | null = 0;
  let charge = NO_USAGE;
  for (const kind of ["results", "errors"] as const) {
    const texts = sent[kind]((line) => ownIds?.[line] ?? customId(id, line));
    const path = `${folder}/provider/${kind}.jsonl`;
    let offset = 0;
    for (const text of texts) {
      const ref = { path, offset, length: Buffer.byteLength(text) };
      offset += ref.length + 1;
      const decoded = DIALECT.decode(text);
      const name = decoded.customId ?? "";
      const line = (ownIds ? ownIds.indexOf(name) : lineOf(id, name)) ?? carried.length;
      const at = carried[line];
      const used = decoded.type === "unparseable" ? NO_USAGE : (decoded.usage ?? NO_USAGE);
      if (!at) {
        aside.foreign += 1;
        continue;
      }
      if (seen.has(line)) aside.duplicate += 1;
      else charge = addUsage(charge, used);
      if (seen.has(line) || sent.detached?.includes(at.slice.id)) {
        if (!seen.has(line)) aside.detached += 1;
        seen.add(line);
        unusedMicros = addCosts(unusedMicros, costOf(used, PRICE));
        continue;
      }
      seen.add(line);
      const { output, retry } = requests.find((one) => one.id === at.slice.request) ?? missing();
      const validate = output.type === "text" ? null : outputValidator(output.schema);
      const judgement = sent.judgedAs?.(line) ?? judgeLine(decoded, validate, null);
      const context = {
        policy: retry,
        spentMicros: 0,
        retryEstimateMicros: 1,
        maxCostMicros: null,
        ended: null,
      };
      rows.push(verdictRow({ line, ...at }, judgement, costOf(judgement.usage, PRICE), context, ref));
    }
    const file = await world.put(path, texts.map((text) => `${text}\n`).join(""));
    raw.push({ ...file, kind, lines: texts.length });
  }
  const file = await world.put(`${folder}/manifest.jsonl`, jsonl(manifest));
  const verdicts = await verdictsOf(world, `${folder}/verdicts-1.jsonl`, rows, { aside, unusedMicros });
  const task = taskOf(id, "ended", {
    lines: carried.length,
    request,
    requests: requests.length,
    sliceCount: slices.length,
    manifest: file,
    attempt: 1,
    ...(ownIds ? { foreign: true as const } : {}),
    jobs: [
      {
        jobId,
        how: ownIds ? "adopted" : "created",
        seenAt: 2_000,
        cancelAskedAt: null,
        closedAt: null,
        costMicros: null,
      },
    ],
    holds: `${ACCOUNT}/${jobId}`,
    view: {
      jobId,
      rawStatus: "completed",
      status: "completed",
      counts: null,
      createdAt: 2_000,
      expiresAt: null,
      terminalAt: 5_000,
      missingSince: null,
      errors: [],
    },
    raw,
    verdicts,
    submittedAt: 2_000,
    result: "partial",
  });
  return { task, rows, charge };
}

/** Writes a file of rows, and says what they add up to. */
export async function verdictsOf(
  world: World,
  path: string,
  rows: readonly VerdictRow[],
  rest: Pick<VerdictsRef, "aside" | "unusedMicros"> = {
    aside: { duplicate: 0, foreign: 0, detached: 0 },
    unusedMicros: 0,
  },
): Promise<VerdictsRef> {
  const file = await world.put(path, jsonl(rows));
  const { counts, costMicros, usage } = sumsOf(rows);
  const retries = rows.filter(({ end }) => end === "retry").length;
  return { ...file, rows: rows.length, counts, retries, costMicros, usage, ...rest, at: 6_000 };
}

/** What rows add up to, as their slice or their task records it. */
export function sumsOf(rows: readonly VerdictRow[]) {
  const finals = rows.filter(({ end }) => end === "final");
  return {
    counts: finals.reduce((counts, { status, reason }) => countOne(counts, status, reason), NO_COUNTS),
    costMicros: rows.reduce<number | null>((sum, row) => addCosts(sum, row.costMicros), 0),
    usage: rows.reduce((sum, row) => addUsage(sum, row.usage), NO_USAGE),
  };
}

/** Writes the outcomes of final rows. */
export async function applyRows(
  { store }: World,
  rows: readonly VerdictRow[],
  taskId: string,
  revision = 0,
): Promise<void> {
  const finals = rows.filter(({ end }) => end === "final");
  await store.putOutcomes(finals.map((row) => outcomeOf(row, taskId, revision)));
}

/** A slice that was settled by these rows. */
export function settledBy(slice: Slice, taskId: string, rows: readonly VerdictRow[]): Slice {
  const mine = rows.filter((row) => row.slice === slice.id);
  return { ...slice, state: "settled", taskId, ...sumsOf(mine) };
}

export function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

function missing(): never {
  throw new Error("a slice of no request");
}
