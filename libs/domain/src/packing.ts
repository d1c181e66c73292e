/** Planning which slices travel in which job: pure, so that two packers plan the same from the same view. */
import type { JobLimits } from "./batchProvider.ts";
import type { Slice } from "./documents.ts";
import type { PoolLine } from "./store.ts";

/** What the planner sees of one pool. */
export interface PoolView {
  /** The lines of this pool alone. */
  readonly poolLines: readonly PoolLine[];
  /**
   * Waiting slices by source, in the store's order (higher priority first, then older). It may be only the
   * beginning of what waits; it should be enough to fill a job.
   */
  readonly pending: ReadonlyMap<string, readonly Slice[]>;
  readonly limits: Pick<JobLimits, "lines" | "bytes" | "tokens">;
  readonly now: number;
  /** How long a slice waits for others to share its job with. */
  readonly lingerMs: number;
  /** At most this many tasks at once. */
  readonly maxTasks: number;
}

export interface TaskPlan {
  /** The slices of each task, in the order of its lines. */
  readonly tasks: readonly (readonly Slice[])[];
  /** When to look again; null where nothing waits that time alone would move. */
  readonly nextAt: number | null;
  /** Slices over the limits by themselves: they stop nobody else, and will never travel. */
  readonly impossible: readonly Slice[];
}

/** A deadline nearer than this many lingers ends the wait for company. */
export const URGENT_LINGERS = 60;

interface Size {
  readonly lines: number;
  readonly bytes: number;
  readonly tokens: number;
}

/** The slices of one source, and how far they are planned. */
interface Queue {
  readonly source: string;
  readonly slices: readonly Slice[];
  next: number;
}

/** A source's turn in the task being filled: its next slice, and its lines there at that slice's priority. */
interface Turn {
  readonly queue: Queue;
  readonly head: Slice;
  readonly served: number;
}

/**
 * Fills tasks up to their limits. Higher priority goes first; at one priority the source with the fewest lines in
 * the task goes next, so that a full task has about the same share of everyone who has as much; a source's own
 * slices keep their order. A task that is not full waits until its oldest slice has lingered, or a deadline is near.
 */
export function planTasks({ poolLines, pending, limits, now, lingerMs, maxTasks }: PoolView): TaskPlan {
  const { queues, impossible, laterAt } = setApart(pending, limits, now);
  const unseen = unseenOf(poolLines, pending);
  const tasks: Slice[][] = [];
  let nextAt = poolLines.reduce((at: number | null, line) => earlier(at, line.nextAt), laterAt);

  while (queues.some(hasNext)) {
    if (tasks.length >= maxTasks) return { tasks, nextAt: now, impossible };
    const { slices, size, full } = fillTask(queues, limits);
    if (!full && !reaches(plus(size, unseen), limits)) {
      const readyAt = slices.reduce((at, slice) => Math.min(at, readyAtOf(slice, lingerMs)), Infinity);
      if (readyAt > now) {
        nextAt = earlier(nextAt, readyAt);
        break;
      }
    }
    tasks.push(bySystemPrompt(slices));
  }
  if (tasks.length > 0 && unseen.lines > 0) nextAt = now;
  return { tasks, nextAt, impossible };
}

/** Sets apart what may not travel yet, and what never fits. */
function setApart(
  pending: PoolView["pending"],
  limits: Size,
  now: number,
): { queues: readonly Queue[]; impossible: readonly Slice[]; laterAt: number | null } {
  const queues: Queue[] = [];
  const impossible: Slice[] = [];
  let laterAt: number | null = null;
  for (const [source, waiting] of pending) {
    const slices: Slice[] = [];
    for (const slice of waiting)
      if (!within(slice, limits)) impossible.push(slice);
      else if (slice.notBefore > now) laterAt = earlier(laterAt, slice.notBefore);
      else slices.push(slice);
    queues.push({ source, slices, next: 0 });
  }
  return { queues, impossible, laterAt };
}

/** What waits beyond the view. Where some may not travel yet, the view cannot be told short, and is believed. */
function unseenOf(poolLines: readonly PoolLine[], pending: PoolView["pending"]): Size {
  let unseen: Size = NOTHING;
  for (const line of poolLines) {
    const seen = pending.get(line.source) ?? [];
    if (line.nextAt !== null || line.slices <= seen.length) continue;
    const { lines, bytes, tokens } = seen.reduce<Size>(plus, NOTHING);
    unseen = plus(unseen, {
      lines: Math.max(0, line.lines - lines),
      bytes: Math.max(0, line.bytes - bytes),
      tokens: Math.max(0, line.tokens - tokens),
    });
  }
  return unseen;
}

/** Takes slices for one task. `full`: somebody's next slice did not fit. */
function fillTask(queues: readonly Queue[], limits: Size): { slices: Slice[]; size: Size; full: boolean } {
  const slices: Slice[] = [];
  let size: Size = NOTHING;
  let full = false;
  // The best turn is the last: taking one changes only its own source's place.
  const turns: Turn[] = [];
  for (const queue of queues) enter(turns, queue, undefined);
  for (let turn = turns.pop(); turn; turn = turns.pop()) {
    const { queue, head } = turn;
    const grown = plus(size, head);
    if (!within(grown, limits)) {
      // The source waits for the next task, where its slice comes early; smaller ones of others may still fit.
      full = true;
      continue;
    }
    slices.push(head);
    size = grown;
    queue.next += 1;
    enter(turns, queue, turn);
  }
  return { slices, size, full };
}

/** Puts the source's next slice, if there is one, at its place among the turns. */
function enter(turns: Turn[], queue: Queue, last: Turn | undefined): void {
  const head = queue.slices[queue.next];
  if (!head) return;
  const served = last?.head.priority === head.priority ? last.served + last.head.lines : 0;
  const turn: Turn = { queue, head, served };
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = turns[middle];
    if (other && goesBefore(turn, other)) low = middle + 1;
    else high = middle;
  }
  turns.splice(low, 0, turn);
}

function goesBefore(a: Turn, b: Turn): boolean {
  if (a.head.priority !== b.head.priority) return a.head.priority > b.head.priority;
  if (a.served !== b.served) return a.served < b.served;
  if (a.head.acceptedAt !== b.head.acceptedAt) return a.head.acceptedAt < b.head.acceptedAt;
  return a.queue.source < b.queue.source;
}

/** The same slices, those with one system prompt together, the first chosen prompt first. */
function bySystemPrompt(slices: readonly Slice[]): Slice[] {
  const groups = Map.groupBy(slices, (slice) => slice.systemKey);
  return [...groups.values()].flat();
}

function readyAtOf(slice: Slice, lingerMs: number): number {
  const lingeredAt = Math.max(slice.acceptedAt, slice.notBefore) + lingerMs;
  return slice.deadlineAt === null
    ? lingeredAt
    : Math.min(lingeredAt, slice.deadlineAt - URGENT_LINGERS * lingerMs);
}

const NOTHING: Size = { lines: 0, bytes: 0, tokens: 0 };

function plus(a: Size, b: Size): Size {
  return { lines: a.lines + b.lines, bytes: a.bytes + b.bytes, tokens: a.tokens + b.tokens };
}

function within(size: Size, limits: Size): boolean {
  return size.lines <= limits.lines && size.bytes <= limits.bytes && size.tokens <= limits.tokens;
}

function reaches(size: Size, limits: Size): boolean {
  return size.lines >= limits.lines || size.bytes >= limits.bytes || size.tokens >= limits.tokens;
}

function hasNext({ slices, next }: Queue): boolean {
  return next < slices.length;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
