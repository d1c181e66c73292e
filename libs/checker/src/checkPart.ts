import type { Cut, Outcome, RequestDoc, Slice } from "@granary/domain";
import {
  FAILURE_REASONS,
  ordinalsOf,
  OUTCOME_STATUSES,
  outcomeId,
  parseSliceId,
  sizeOf,
  sliceId,
  totalOf,
} from "@granary/domain";
import type { Notebook } from "./notebook.ts";

/** Holds the slices of one part against its cut and against each other: nothing left out, nothing twice (V1, V4). */
export function checkChain(
  note: Notebook,
  request: RequestDoc,
  cut: Cut,
  chain: readonly Slice[],
  closed: boolean,
): void {
  const first = sliceId(request.id, cut.part, 0);
  if (chain[0]?.id !== first) {
    note.found("V1", first, `items ${cut.from} to ${cut.to - 1} have no slice`, {
      request: request.id,
      slice: first,
    });
    if (chain.length === 0) return;
  }
  let parent: Slice | undefined;
  for (const slice of chain) {
    note.met("slices");
    note.checked("V4");
    const ids = { request: request.id, slice: slice.id, ...(slice.taskId ? { task: slice.taskId } : {}) };
    const ordinals = ordinalsOf(slice.members);
    const { generation } = parseSliceId(slice.id);
    if (slice.lines !== ordinals.length)
      note.found("V4", slice.id, `says ${slice.lines} lines and has ${ordinals.length} items`, ids);
    if (generation === 0) {
      if (ordinals[0] !== cut.from || ordinals.at(-1) !== cut.to - 1 || ordinals.length !== cut.to - cut.from)
        note.found("V1", slice.id, `does not carry items ${cut.from} to ${cut.to - 1}`, ids);
    } else if (!parent || generation !== parseSliceId(parent.id).generation + 1)
      note.found("V4", slice.id, "has no parent", ids);
    else {
      const before = new Set(ordinalsOf(parent.members));
      const strange = ordinals.find((ordinal) => !before.has(ordinal));
      if (strange !== undefined)
        note.found("V4", slice.id, `carries item ${strange}, which its parent did not`, ids);
      if (parent.endedBy !== null)
        note.found("V4", slice.id, `travels although its parent was ended by ${parent.endedBy}`, ids);
    }
    if (closed && slice.state !== "settled")
      note.found("V1", slice.id, `is ${slice.state}, but its request is ${request.state}`, ids);
    parent = slice;
  }
  for (const [index, slice] of chain.entries()) checkSums(note, request, slice, chain[index + 1]);
}

/** What ended in a settled slice, and what travels on in its child, are all its items. */
function checkSums(note: Notebook, request: RequestDoc, slice: Slice, child: Slice | undefined): void {
  if (slice.state !== "settled") return;
  const ended = slice.counts ? totalOf(slice.counts) : 0;
  const travels = child ? sizeOf(child.members) : 0;
  if (ended + travels !== slice.lines)
    note.found("V4", slice.id, `of ${slice.lines} items ${ended} ended and ${travels} travel again`, {
      request: request.id,
      slice: slice.id,
    });
}

/** Holds the outcomes of one part against its items and the slices that carried them last (V1, V2). */
export function checkPartOutcomes(
  note: Notebook,
  request: RequestDoc,
  cut: Cut,
  chain: readonly Slice[],
  outcomes: readonly Outcome[],
): void {
  const last: (Slice | undefined)[] = [];
  for (const slice of chain)
    for (const ordinal of ordinalsOf(slice.members)) last[ordinal - cut.from] = slice;
  note.checked("V1", cut.to - cut.from);
  note.met("outcomes", outcomes.length);
  let next = cut.from;
  for (const outcome of outcomes) {
    for (; next < outcome.ordinal; next += 1) missing(note, request, next, last[next - cut.from]);
    next = outcome.ordinal + 1;
    checkEnd(note, outcome);
    checkBearer(note, outcome, last[outcome.ordinal - cut.from]);
  }
  for (; next < cut.to; next += 1) missing(note, request, next, last[next - cut.from]);
}

function missing(note: Notebook, request: RequestDoc, ordinal: number, slice: Slice | undefined): void {
  note.found("V1", outcomeId(request.id, ordinal), "has no outcome", {
    request: request.id,
    ordinal,
    ...(slice ? { slice: slice.id } : {}),
  });
}

/** The ends of an item are a closed list. */
function checkEnd(note: Notebook, { request, ordinal, status, reason }: Outcome): void {
  const wrong = !OUTCOME_STATUSES.includes(status)
    ? `ended as ${status}, which is no end`
    : status === "failed" && (reason === undefined || !FAILURE_REASONS.includes(reason))
      ? `failed for ${reason ?? "no reason"}, which is not on the list`
      : status !== "failed" && reason !== undefined
        ? `is ${status} and has a reason, ${reason}`
        : null;
  if (wrong) note.found("V1", outcomeId(request, ordinal), wrong, { request, ordinal });
}

/** The slice that carried an item last says who ended it. */
function checkBearer(note: Notebook, outcome: Outcome, slice: Slice | undefined): void {
  note.checked("V2");
  const { request, ordinal, taskId } = outcome;
  const id = outcomeId(request, ordinal);
  if (!slice) return note.found("V2", id, "has an outcome and was in no slice", { request, ordinal });
  const ids = { request, ordinal, slice: slice.id, ...(taskId ? { task: taskId } : {}) };
  if (taskId !== slice.taskId)
    return note.found(
      "V2",
      id,
      `names task ${taskId ?? "none"}, its slice was in ${slice.taskId ?? "none"}`,
      ids,
    );
  if (slice.state === "pending" || slice.state === "placed")
    return note.found("V2", id, `has an outcome while its slice is ${slice.state}`, ids);
  if (slice.endedBy === null) {
    if (taskId === null) note.found("V2", id, "has an outcome of no task, and nobody ended its slice", ids);
    return undefined;
  }
  const status = slice.endedBy === "deadline" ? "expired" : "cancelled";
  if (outcome.status !== status)
    note.found("V2", id, `is ${outcome.status}, its slice was ended by ${slice.endedBy}`, ids);
  if (outcome.ref || outcome.output !== undefined || outcome.costMicros !== 0)
    note.found("V2", id, `has an answer or a cost, its slice was ended by ${slice.endedBy}`, ids);
  return undefined;
}
