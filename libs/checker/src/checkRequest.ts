import type { Counts, Outcome, RequestDoc, RequestResult, Slice } from "@granary/domain";
import {
  addCosts,
  addUsage,
  canonicalJson,
  countOne,
  isPurged,
  NO_COUNTS,
  NO_USAGE,
  outcomeId,
  parseSliceId,
  totalOf,
} from "@granary/domain";
import { checkDue } from "./checkDue.ts";
import type { Checking } from "./checking.ts";
import { checkPurged } from "./checkPurged.ts";
import { checkChain, checkPartOutcomes } from "./checkPart.ts";
import { resultCheck } from "./checkResults.ts";
import { keyIn } from "./keyShapes.ts";
import type { Notebook } from "./notebook.ts";
import { outcomeReader, partsOf } from "./pages.ts";
import { proveBytes } from "./provenBytes.ts";

/**
 * One request: its slices, outcomes, results and sums. What is not closed yet is judged only where nobody is at
 * work, and only by what can no longer become right.
 */
export async function checkRequest(checking: Checking, note: Notebook, request: RequestDoc): Promise<void> {
  note.met("requests");
  const closed = request.state === "ended" || request.state === "closing";
  if (request.state !== "ended") note.met("openRequests");
  checking.facts.expect("request", request);
  checkDue(checking, note, "request", request);
  checkKeys(note, request.id, JSON.stringify(request), { request: request.id });
  await checkPurged(checking, note, request);
  if ("path" in request.input && !isPurged(request, "prompts"))
    await proveBytes(checking, note, request.input, { request: request.id });
  checkCuts(note, request);
  if (isPurged(request, "outcomes")) return;
  if (request.state === "ended" || (checking.quiet && request.state !== "accepted"))
    await checkItems(checking, note, request, closed);
}

function checkCuts(note: Notebook, request: RequestDoc): void {
  let next = 0;
  for (const [part, cut] of request.cuts.entries()) {
    if (cut.part !== part || cut.from !== next || cut.to <= cut.from)
      note.found("V1", request.id, `cut ${part} does not begin at item ${next}`, { request: request.id });
    next = cut.to;
  }
  if (next !== request.itemCount)
    note.found("V1", request.id, `its cuts hold ${next} of ${request.itemCount} items`, {
      request: request.id,
    });
}

async function checkItems(
  checking: Checking,
  note: Notebook,
  request: RequestDoc,
  closed: boolean,
): Promise<void> {
  const outcomes = outcomeReader(checking.store, request.id);
  const results = request.state === "ended" ? resultCheck(checking, note, request) : null;
  const parts = partsOf(checking.store, request.id);
  const sums = sliceSums();
  let counts: Counts = NO_COUNTS;
  let waiting = (await parts.next()).value ?? null;
  for (const cut of request.cuts) {
    while (waiting && partOf(waiting) < cut.part) waiting = await strange(note, request, waiting, parts);
    const chain: readonly Slice[] = waiting && partOf(waiting) === cut.part ? waiting : [];
    if (chain.length > 0) waiting = (await parts.next()).value ?? null;
    const ended = await outcomes.before(cut.to);
    for (const outcome of ended) {
      counts = countOne(counts, outcome.status, outcome.reason);
      checkKeys(note, outcomeId(request.id, outcome.ordinal), JSON.stringify(outcome), {
        request: request.id,
        ordinal: outcome.ordinal,
      });
    }
    checkChain(note, request, cut, chain, closed);
    for (const slice of chain) sums.add(slice);
    checkPartOutcomes(closed ? note : onlyWrong(note), request, cut, chain, ended);
    await results?.part(cut, ended);
  }
  while (waiting) waiting = await strange(note, request, waiting, parts);
  for (const outcome of await outcomes.before(Infinity)) strangeOutcome(note, outcome);
  await results?.end();
  if (!closed) return;
  if (totalOf(counts) !== request.itemCount)
    note.found("V1", request.id, `has ${totalOf(counts)} outcomes for ${request.itemCount} items`, {
      request: request.id,
    });
  if (request.state === "ended") await checkEnd(checking, note, request, counts, sums);
}

/** An open request lacks outcomes; what it has must be right all the same. */
function onlyWrong(note: Notebook): Notebook {
  return {
    ...note,
    found: (rule, id, message, ids) => (rule === "V1" ? undefined : note.found(rule, id, message, ids)),
  };
}

/** What a request's slices add up to. */
function sliceSums() {
  let costMicros: number | null = 0;
  let usage = NO_USAGE;
  let cutByUs = false;
  return {
    add(slice: Slice): void {
      costMicros = addCosts(costMicros, slice.costMicros);
      usage = addUsage(usage, slice.usage ?? NO_USAGE);
      cutByUs ||= slice.cutBy !== null;
    },
    costMicros: () => costMicros,
    usage: () => usage,
    cutByUs: () => cutByUs,
  };
}

async function checkEnd(
  checking: Checking,
  note: Notebook,
  request: RequestDoc,
  counts: Counts,
  sums: ReturnType<typeof sliceSums>,
): Promise<void> {
  const ids = { request: request.id };
  if (canonicalJson(request.counts) !== canonicalJson(counts))
    note.found(
      "V1",
      request.id,
      `counts ${canonicalJson(request.counts)}, its outcomes are ${canonicalJson(counts)}`,
      ids,
    );
  const result = resultOf(request, counts, sums.cutByUs());
  if (request.result !== result)
    note.found("V1", request.id, `ended as ${request.result ?? "nothing"}, not as ${result}`, ids);
  note.checked("V11");
  if (request.costMicros !== sums.costMicros())
    note.found("V11", request.id, `cost ${request.costMicros}, its slices cost ${sums.costMicros()}`, ids);
  if (canonicalJson(request.usage) !== canonicalJson(sums.usage()))
    note.found("V11", request.id, "has another usage than its slices", ids);
}

/** How a request with these counts ends. */
function resultOf(request: RequestDoc, { succeeded }: Counts, cutByUs: boolean): RequestResult {
  if (succeeded === request.itemCount) return "succeeded";
  if (succeeded > 0) return "partial";
  if (request.end?.why === "cancelled") return "cancelled";
  return cutByUs || request.end?.why === "deadline" ? "timed_out" : "failed";
}

function partOf(chain: readonly Slice[]): number {
  const [first] = chain;
  return first ? parseSliceId(first.id).part : -1;
}

async function strange(
  note: Notebook,
  request: RequestDoc,
  chain: readonly Slice[],
  parts: AsyncGenerator<readonly Slice[]>,
): Promise<readonly Slice[] | null> {
  for (const { id } of chain)
    note.found("V1", id, "is a slice of no cut", { request: request.id, slice: id });
  return (await parts.next()).value ?? null;
}

function strangeOutcome(note: Notebook, { request, ordinal }: Outcome): void {
  note.found("V1", outcomeId(request, ordinal), "is an outcome of no item", { request, ordinal });
}

/** Looks for keys in a document's text (V12). */
export function checkKeys(
  note: Notebook,
  id: string,
  text: string,
  ids: Parameters<Notebook["found"]>[3],
): void {
  note.checked("V12");
  const key = keyIn(text);
  if (key !== null) note.found("V12", id, `holds something in the form of a key: ${key}`, ids);
}
