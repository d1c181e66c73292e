import type { LineRef, Outcome } from "@granary/domain";

/** Outcomes in a row, and the one stretch of a raw file that holds all their long answers; null where there is none. */
export interface RawRun {
  readonly outcomes: readonly Outcome[];
  readonly span: LineRef | null;
}

/** How much is read at once, unless a single line is longer. */
const RUN_BYTES = 1024 * 1024;

/**
 * Groups outcomes, in their order, so that answers which follow each other in a raw file are read together: opening
 * the file for each line costs more than the line. Answers in no order are read one by one.
 */
export function* rawRuns(outcomes: readonly Outcome[]): Generator<RawRun> {
  let run: Outcome[] = [];
  let span: LineRef | null = null;
  for (const outcome of outcomes) {
    const ref = rawAnswerOf(outcome);
    const wider: LineRef | null = ref && span ? joined(span, ref) : (ref ?? span);
    if (ref && span && !wider) {
      yield { outcomes: run, span };
      run = [];
    }
    span = wider ?? ref;
    run.push(outcome);
  }
  if (run.length > 0) yield { outcomes: run, span };
}

/** Where an answer lies that was too long for its row; null for all others. */
export function rawAnswerOf({ status, output, ref }: Outcome): LineRef | null {
  return status === "succeeded" && output === undefined && ref ? ref : null;
}

function joined(span: LineRef, next: LineRef): LineRef | null {
  const length = next.offset + next.length - span.offset;
  const follows = next.path === span.path && next.offset >= span.offset + span.length;
  return follows && length <= RUN_BYTES ? { ...span, length } : null;
}
