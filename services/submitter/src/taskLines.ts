import type { Item, RequestDoc, TaskDoc } from "@granary/domain";
import { customId, parseSliceId } from "@granary/domain";
import { accountOf } from "@granary/runtime";
import { readLines } from "@granary/providers";
import { readPart } from "./readItems.ts";
import type { SubmitterDeps } from "./settings.ts";

interface ManifestRow {
  readonly line: number;
  readonly slice: string;
  readonly ordinal: number;
}

/**
 * The lines of a task's input, encoded for its provider, in the order of the manifest. Holds one part of one
 * request and the requests of one chunk of the manifest.
 */
export async function* taskLines(deps: SubmitterDeps, task: TaskDoc): AsyncGenerator<string> {
  const { dialect } = accountOf(deps, task.account);
  if (!task.manifest) throw new Error(`task ${task.id} has no manifest`);
  let requests = new Map<string, RequestDoc>();
  let part: { readonly key: string; readonly items: ReadonlyMap<number, Item> } = {
    key: "",
    items: new Map(),
  };
  for await (const lines of readLines(deps.artifacts.read(task.manifest.path))) {
    const rows = lines.map(({ text }) => JSON.parse(text ?? "null") as ManifestRow);
    requests = await requestsOf(deps, rows, requests);
    for (const row of rows) {
      const { request: id, part: number } = parseSliceId(row.slice);
      const request = requests.get(id);
      if (!request) throw new Error(`task ${task.id} carries request ${id}, which is not there`);
      const key = `${id}.${number}`;
      if (part.key !== key) part = { key, items: await readPart(deps.artifacts, request, number) };
      const item = part.items.get(row.ordinal);
      if (!item) throw new Error(`request ${id} has no item ${row.ordinal}`);
      const { model, endpoint, output } = request;
      yield dialect.encode(item, { model, endpoint, output }, customId(task.id, row.line));
    }
  }
}

/** The requests these rows belong to; those that are known already are kept, all others let go. */
async function requestsOf(
  { store }: SubmitterDeps,
  rows: readonly ManifestRow[],
  known: ReadonlyMap<string, RequestDoc>,
): Promise<Map<string, RequestDoc>> {
  const ids = [...new Set(rows.map(({ slice }) => parseSliceId(slice).request))];
  const missing = ids.filter((id) => !known.has(id));
  const loaded = missing.length > 0 ? await store.loadMany("request", missing) : [];
  const all = new Map(loaded.map((request) => [request.id, request]));
  for (const id of ids) {
    const request = known.get(id);
    if (request) all.set(id, request);
  }
  return all;
}
