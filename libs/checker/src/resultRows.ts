import type { Artifacts, Cut, Item, Outcome, RequestDoc } from "@granary/domain";
import { canonicalJson } from "@granary/domain";
import type { Checking } from "./checking.ts";
import { jsonLines, parseLine } from "./jsonLines.ts";
import type { Notebook } from "./notebook.ts";
import { provenBytes } from "./provenBytes.ts";

/** Reads a request's results, one row after the other, whether they lie in the document or in a file. */
export interface ResultReader {
  /** Undefined after the last row; null for one that cannot be read. */
  next(): Promise<Readonly<Record<string, unknown>> | null | undefined>;
}

export function resultReader(checking: Checking, note: Notebook, request: RequestDoc): ResultReader | null {
  const { results } = request;
  if (!results) return null;
  if ("inline" in results) {
    const rows = results.inline.values();
    return { next: async () => rowOf(rows.next()) };
  }
  const bytes = provenBytes(checking, note, results, { request: request.id });
  const rows = (async function* () {
    for await (const lines of jsonLines(bytes)) for (const line of lines) yield parseLine(line);
  })();
  return { next: async () => rowOf(await rows.next()) };
}

function rowOf(next: IteratorResult<unknown>): Readonly<Record<string, unknown>> | null | undefined {
  if (next.done) return undefined;
  const { value } = next;
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
}

/** The callers' keys of one part, by ordinal. */
export async function keysOf(
  artifacts: Pick<Artifacts, "read">,
  request: RequestDoc,
  { from, to, offset, length }: Cut,
): Promise<ReadonlyMap<number, string>> {
  if ("inline" in request.input)
    return new Map(request.input.inline.slice(from, to).map(({ key }, index) => [from + index, key]));
  const keys = new Map<number, string>();
  let ordinal = from;
  for await (const lines of jsonLines(artifacts.read(request.input.path, { offset, length })))
    for (const line of lines) keys.set(ordinal++, (parseLine(line) as Partial<Item> | undefined)?.key ?? "");
  return keys;
}

/** What a row of the results must say about an outcome, its answer apart. */
export function expectedRow(request: RequestDoc, outcome: Outcome, key: string | undefined): string {
  return canonicalJson({
    key,
    status: outcome.status,
    reason: outcome.reason,
    error: outcome.error,
    finish: outcome.finish,
    usage: outcome.usage,
    costMicros: outcome.costMicros,
    provider: request.provider,
    account: request.account,
    model: request.model,
    attempt: outcome.attempt,
    taskId: outcome.taskId,
    raw: outcome.ref,
  });
}
