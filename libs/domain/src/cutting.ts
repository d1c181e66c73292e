/** Cutting a request into slices, once, when it is accepted; afterwards packing is only adding up. */
import type { JobLimits } from "./batchProvider.ts";
import type { Cut, RequestDoc, Slice } from "./documents.ts";
import { parsePoolKey, parseSliceId, poolKey, sliceId } from "./ids.ts";
import { membersOf } from "./members.ts";
import { addCosts } from "./outcome.ts";

/** How large one item is, and where it lies in the input artifact (0 and 0 where the input is inline). */
export interface ItemSize {
  /** Upper bound of the encoded line, its end included. */
  readonly bytes: number;
  /** Estimated input tokens. */
  readonly tokens: number;
  /** Null where the price is not known. */
  readonly estimateMicros: number | null;
  /** Digest of the system prompt. */
  readonly systemKey: string;
  readonly offset: number;
  readonly length: number;
}

/** How much one cut may hold. */
export interface CutLimits {
  readonly lines: number;
  readonly bytes: number;
  readonly tokens: number;
}

/** Small enough to fill a job to the brim and to share it fairly, large enough that a million items are 2,000 rows. */
export const CUT_LIMITS: CutLimits = { lines: 500, bytes: 2 * 1024 * 1024, tokens: 500_000 };

/** A cut is at most this part of a job's tokens, so that the tokens of a job can be shared, too. */
const SHARE_OF_TOKENS = 8;

/** The limits of a cut for jobs of these limits: CUT_LIMITS, or less where a job holds less. */
export function cutLimits(job: JobLimits): CutLimits {
  return {
    lines: Math.min(CUT_LIMITS.lines, job.lines),
    bytes: Math.min(CUT_LIMITS.bytes, job.bytes),
    tokens: Math.min(CUT_LIMITS.tokens, Math.ceil(job.tokens / SHARE_OF_TOKENS)),
  };
}

/** Takes the items' sizes in order, and gives cuts. */
export interface Cutter {
  /** The next item. Answers the cut that ended before it, if one did. */
  add(size: ItemSize): Cut | null;
  /** The last cut; null where there was no item since the one before. */
  end(): Cut | null;
}

/**
 * A cutter that holds one open cut and no items. The cuts follow each other without a gap and hold every ordinal
 * once. An item that is over the limits by itself has a cut of its own. Where system prompts change inside a
 * cut, it bears the key of its first item: a cut for each change could mean a row for each item.
 */
export function cutter(limits: CutLimits): Cutter {
  let part = 0;
  let ordinal = 0;
  let open: Cut | null = null;

  return {
    add(size) {
      const from = ordinal++;
      if (open && fits(open, size, limits)) {
        open = extended(open, size);
        return null;
      }
      const ended = open;
      const { bytes, tokens, estimateMicros, systemKey, offset, length } = size;
      open = { part: part++, from, to: from + 1, offset, length, bytes, tokens, estimateMicros, systemKey };
      return ended;
    },
    end() {
      const ended = open;
      open = null;
      return ended;
    },
  };
}

function fits(cut: Cut, size: ItemSize, limits: CutLimits): boolean {
  return (
    cut.to - cut.from + 1 <= limits.lines &&
    cut.bytes + size.bytes <= limits.bytes &&
    cut.tokens + size.tokens <= limits.tokens
  );
}

function extended(cut: Cut, size: ItemSize): Cut {
  return {
    ...cut,
    to: cut.to + 1,
    length: size.offset + size.length - cut.offset,
    bytes: cut.bytes + size.bytes,
    tokens: cut.tokens + size.tokens,
    estimateMicros: addCosts(cut.estimateMicros, size.estimateMicros),
  };
}

/** The slices with which a request begins: generation 0, one for each cut. The same ones whenever it is asked. */
export function slicesOfCuts(request: RequestDoc): readonly Slice[] {
  const { account, model, endpoint, source } = request;
  const pool = poolKey({ account, model, endpoint, ...(request.isolate ? { source } : {}) });
  return request.cuts.map((cut) => ({
    id: sliceId(request.id, cut.part, 0),
    request: request.id,
    source,
    account,
    poolKey: pool,
    priority: request.priority,
    deadlineAt: request.deadlineAt,
    acceptedAt: request.acceptedAt,
    members: { from: cut.from, to: cut.to },
    attempts: 0,
    lines: cut.to - cut.from,
    bytes: cut.bytes,
    tokens: cut.tokens,
    estimateMicros: cut.estimateMicros,
    systemKey: cut.systemKey,
    notBefore: request.acceptedAt,
    ...UNTRAVELLED,
  }));
}

const UNTRAVELLED = {
  state: "pending",
  taskId: null,
  endedBy: null,
  cutBy: null,
  counts: null,
  costMicros: null,
  usage: null,
} as const satisfies Partial<Slice>;

/** How a child slice differs from its parent. */
export interface ChildOptions {
  /** Attempts used up by now: the parent's, and one more unless the journey was free. */
  readonly attempts: number;
  readonly notBefore: number;
  /** Whether it travels apart from all other requests from now on. */
  readonly solo?: boolean;
}

/**
 * The slice in which some of a slice's items travel again: the next generation, with the parent's bytes as the
 * upper bound of its own, and the parent's tokens and estimate by share, rounded up.
 * @param ordinals ascending; some or all of the parent's
 */
export function childSlice(parent: Slice, ordinals: readonly number[], options: ChildOptions): Slice {
  const { request, part, generation } = parseSliceId(parent.id);
  const lines = ordinals.length;
  const share = (amount: number): number => Math.ceil((amount * lines) / parent.lines);
  return {
    ...parent,
    ...UNTRAVELLED,
    id: sliceId(request, part, generation + 1),
    poolKey: options.solo
      ? poolKey({ ...parsePoolKey(parent.poolKey), solo: parent.request })
      : parent.poolKey,
    members: membersOf(ordinals),
    attempts: options.attempts,
    lines,
    tokens: share(parent.tokens),
    estimateMicros: parent.estimateMicros === null ? null : share(parent.estimateMicros),
    notBefore: options.notBefore,
  };
}
