import type { DecodedLine, Judgement, LineRef, OutputValidator, TaskDoc, Usage } from "@granary/domain";
import { addUsage, canonicalJson, judgeLine, NO_USAGE } from "@granary/domain";
import type { Checking } from "./checking.ts";
import { jsonLines } from "./jsonLines.ts";
import type { LineMap } from "./lineMap.ts";
import type { Notebook } from "./notebook.ts";
import { provenBytes } from "./provenBytes.ts";

/** What a raw line says when it is parsed again, without its answer. */
export interface Rejudged {
  readonly ref: LineRef;
  readonly status: Judgement["status"];
  readonly reason: Judgement["reason"];
  readonly finish: string | undefined;
  readonly code: string | undefined;
  readonly usage: Usage;
  /** The answer as canonical JSON where it is short enough for a row, otherwise its length. */
  readonly answer: string | number | null;
  /** False where a schema was asked for and there is nothing here to check it with. */
  readonly answerChecked: boolean;
}

/** What the raw files of a task say. */
export interface Rejudgement {
  of(line: number): Rejudged | undefined;
  readonly aside: { readonly duplicate: number; readonly foreign: number; readonly detached: number };
  /** Of lines that are nobody's verdict, in the order met: what was charged for each. */
  readonly unused: readonly Usage[];
  /** Of every line once. */
  readonly usage: Usage;
  /** Each line of the task came once and could be read. */
  readonly whole: boolean;
}

/** How a line's request wants its answers. Null: plain text. */
export type ValidatorOf = (slice: string) => OutputValidator | null | "unknown";

/** Longest answer, as JSON, that a row carries itself. */
const LONGEST_ANSWER = 4096;

/** Parses the raw files of a task again (V6). Null where nobody here speaks the provider's dialect, or a file is not what was recorded. */
export async function rejudge(
  checking: Checking,
  note: Notebook,
  task: TaskDoc,
  map: LineMap,
  isLocked: (slice: string) => boolean,
  validatorOf: ValidatorOf,
): Promise<Rejudgement | null> {
  const dialect = checking.deps.accounts?.get(task.account)?.dialect;
  const seen = new Uint8Array(map.lines);
  const judged = new Map<number, Rejudged>();
  const aside = { duplicate: 0, foreign: 0, detached: 0 };
  const unused: Usage[] = [];
  let usage = NO_USAGE;
  let arrived = 0;
  let clean = true;
  let broken = false;

  function take(decoded: DecodedLine, ref: LineRef): void {
    const used = decoded.type === "unparseable" ? null : decoded.usage;
    clean &&= decoded.type !== "unparseable";
    const line = decoded.customId === null ? null : map.lineOf(decoded.customId);
    if (line === null) {
      aside.foreign += 1;
      clean = false;
      return;
    }
    if (seen[line] !== 0) {
      aside.duplicate += 1;
      if (used) unused.push(used);
      return;
    }
    seen[line] = 1;
    arrived += 1;
    usage = addUsage(usage, used ?? NO_USAGE);
    const slice = map.sliceOf(line);
    if (isLocked(slice)) judged.set(line, judge(decoded, ref, validatorOf(slice), task.end));
    else {
      aside.detached += 1;
      if (used) unused.push(used);
    }
  }

  for (const raw of task.raw) {
    let lines = 0;
    const bytes = provenBytes(checking, note, raw, { task: task.id }, () => (broken = true));
    for await (const batch of jsonLines(bytes))
      for (const { text, offset, length } of batch) {
        lines += 1;
        const decoded: DecodedLine | undefined =
          text === null
            ? { type: "unparseable", customId: null, message: "unreadable" }
            : dialect?.decode(text);
        if (decoded) take(decoded, { path: raw.path, offset, length });
      }
    if (lines > raw.lines)
      note.found("V6", raw.path, `has ${lines} lines, recorded are ${raw.lines}`, {
        task: task.id,
        path: raw.path,
      });
  }
  if (!dialect) {
    if (task.raw.length > 0)
      note.unproven("V6", `raw lines of ${task.account} are not parsed again: its dialect is not known here`);
    return null;
  }
  if (broken) return null;
  return { of: (line) => judged.get(line), aside, unused, usage, whole: clean && arrived === map.lines };
}

function judge(
  decoded: DecodedLine,
  ref: LineRef,
  validator: OutputValidator | null | "unknown",
  end: TaskDoc["end"],
): Rejudged {
  const { status, reason, finish, error, output, usage } = judgeLine(
    decoded,
    validator === "unknown" ? null : validator,
    end,
  );
  const answer = output === undefined ? null : canonicalJson(output);
  return {
    ref,
    status,
    reason,
    finish,
    code: error?.code,
    usage,
    answer: answer !== null && answer.length > LONGEST_ANSWER ? answer.length : answer,
    answerChecked: validator !== "unknown",
  };
}
