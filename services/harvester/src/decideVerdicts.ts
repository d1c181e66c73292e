import type {
  Counts,
  DecodedLine,
  Judgement,
  LineRef,
  Price,
  Rejection,
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
  judgeAbsent,
  judgeLine,
  NO_COUNTS,
  NO_USAGE,
  priceOfTask,
  verdictRow,
} from "@granary/domain";
import { accountOf } from "@granary/runtime";
import { readLines } from "@granary/providers";
import type { Line } from "@granary/providers";
import { lineDrift } from "./lineDrift.ts";
import { readLineMap } from "./lineMap.ts";
import type { LineMap } from "./lineMap.ts";
import { rejectionOf } from "./rejectionOf.ts";
import { putOwn } from "./putOwn.ts";
import { requestContexts } from "./requestContexts.ts";
import type { RequestContextOf } from "./requestContexts.ts";
import type { HarvesterDeps } from "./settings.ts";

/** Which items a replay speaks of. */
export interface Replay {
  readonly includes: (slice: Slice, ordinal: number) => boolean;
  /** The row by which a line travelled again, as it was priced last; undefined where it did not. */
  readonly travelled: (line: number) => VerdictRow | undefined;
}

const ONCE = { maxAttempts: 1, backoffMs: 0 };

/** Whether a free journey is none of ours to give: somebody else made the job, and nobody asked for another one. */
function staysHere({ foreign }: TaskDoc, { retry }: RequestContextOf): boolean {
  return foreign === true && retry.maxAttempts === 1;
}

/** What the rows add up to. */
type Sums = Pick<
  VerdictsRef,
  "rows" | "counts" | "retries" | "costMicros" | "unusedMicros" | "usage" | "lacking" | "aside"
>;

/**
 * Decides about every line of a task's judged slices and writes the verdicts file: one row a line, those that
 * arrived first, in one pass over the raw files and in bounded memory.
 * @param replay judge no other items, and let none of them travel again; lines that did are only priced anew
 */
export async function decideVerdicts(
  deps: HarvesterDeps,
  task: TaskDoc,
  judged: ReadonlyMap<string, Slice>,
  path: string,
  replay?: Replay,
): Promise<VerdictsRef> {
  const contexts = await requestContexts(deps, task, judged.values());
  const begin = async () =>
    lineJudge(deps, task, await readLineMap(deps.artifacts, task, judged), contexts, replay);
  let judge = await begin();
  let isBegun = false;
  async function* rows(): AsyncGenerator<Uint8Array> {
    // What a judge has seen it does not judge again.
    if (isBegun) judge = await begin();
    isBegun = true;
    yield* judge.rows();
  }
  const file = await putOwn(deps.artifacts, path, rows);
  if (!replay && judge.drift.size > 0) await deps.drift?.note(task.account, "line", judge.drift);
  return { ...file, ...judge.sums(), at: deps.clock.now() };
}

function lineJudge(
  deps: HarvesterDeps,
  task: TaskDoc,
  map: LineMap,
  contexts: ReadonlyMap<string, RequestContextOf>,
  replay: Replay | undefined,
) {
  const { dialect } = accountOf(deps, task.account);
  const taskPrice = priceOfTask(deps.catalogue.prices, task);
  const rejection: Rejection | null = rejectionOf(dialect, task);
  let counts: Counts = NO_COUNTS;
  let usage: Usage = NO_USAGE;
  let costMicros: number | null = 0;
  let unusedMicros: number | null = 0;
  let rows = 0;
  let retries = 0;
  let lacking = 0;
  const aside = { duplicate: 0, foreign: 0, detached: 0 };
  const drift = lineDrift(dialect);

  /** Charged, and nobody waits for it. */
  function setAside(why: keyof typeof aside, line: DecodedLine): void {
    aside[why] += 1;
    const used = line.type === "unparseable" ? null : line.usage;
    if (used && why !== "foreign") unusedMicros = addCosts(unusedMicros, costOf(used, taskPrice));
  }

  function row(line: number, judgement: Judgement, ref: LineRef | undefined): VerdictRow | null {
    const slice = map.sliceOf(line);
    const ordinal = map.ordinalOf(line);
    const context = slice && contexts.get(slice.request);
    if (!slice || !context) return null;
    if (replay && !replay.includes(slice, ordinal)) return repriced(replay.travelled(line), context.price);
    const cost = costOf(judgement.usage, context.price);
    context.spentMicros = addCosts(context.spentMicros, cost);
    const share = slice.estimateMicros === null ? null : Math.ceil(slice.estimateMicros / slice.lines);
    const verdict = verdictRow(
      { line, slice, ordinal },
      replay || staysHere(task, context) ? { ...judgement, again: undefined } : judgement,
      cost,
      {
        policy: replay ? ONCE : context.retry,
        spentMicros: context.spentMicros,
        retryEstimateMicros: share,
        maxCostMicros: context.maxCostMicros,
        ended: task.end ?? context.end,
      },
      ref,
    );
    rows += 1;
    usage = addUsage(usage, verdict.usage);
    costMicros = addCosts(costMicros, cost);
    if (verdict.end === "retry") {
      retries += 1;
      context.spentMicros = addCosts(context.spentMicros, share);
    } else counts = countOne(counts, verdict.status, verdict.reason);
    return verdict;
  }

  /** A row whose line was paid for and travelled again, where it costs something else now. */
  function repriced(travelled: VerdictRow | undefined, price: Price | undefined): VerdictRow | null {
    const cost = travelled ? costOf(travelled.usage, price) : null;
    if (!travelled || cost === travelled.costMicros) return null;
    rows += 1;
    retries += 1;
    usage = addUsage(usage, travelled.usage);
    costMicros = addCosts(costMicros, cost);
    return { ...travelled, costMicros: cost };
  }

  function arrived(raw: Line, file: string): VerdictRow | null {
    const decoded: DecodedLine =
      raw.text === null
        ? { type: "unparseable", customId: null, message: raw.problem ?? "unreadable" }
        : dialect.decode(raw.text);
    drift.see(raw.text, decoded);
    const line = decoded.customId === null ? null : map.lineOf(decoded.customId);
    if (line === null) {
      setAside("foreign", decoded);
      return null;
    }
    if (!map.see(line)) {
      setAside("duplicate", decoded);
      return null;
    }
    if (decoded.type === "unparseable") lacking += 1;
    const slice = map.sliceOf(line);
    if (!slice) {
      setAside("detached", decoded);
      return null;
    }
    const validate = contexts.get(slice.request)?.validate ?? null;
    return row(line, judgeLine(decoded, validate, task.end), {
      path: file,
      offset: raw.offset,
      length: raw.length,
    });
  }

  return {
    async *rows(): AsyncGenerator<Uint8Array> {
      for (const { path } of task.raw)
        for await (const lines of readLines(deps.artifacts.read(path))) {
          let text = "";
          for (const line of lines) {
            if (line.length === 0) continue;
            const verdict = arrived(line, path);
            if (verdict) text += `${JSON.stringify(verdict)}\n`;
          }
          if (text !== "") yield Buffer.from(text);
        }
      for (let line = 0; line < map.lines; line += 1) {
        if (map.seen(line)) continue;
        lacking += 1;
        const verdict = row(line, judgeAbsent(task, line, rejection), undefined);
        if (verdict) yield Buffer.from(`${JSON.stringify(verdict)}\n`);
      }
    },
    drift: drift.names(),
    sums: (): Sums => ({ rows, counts, retries, costMicros, unusedMicros, usage, lacking, aside }),
  };
}
