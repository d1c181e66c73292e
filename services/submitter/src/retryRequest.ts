import type { Command, Item, Outcome, Reply, RequestDoc, retryData, SubmitData } from "@granary/domain";
import { canonicalJson, readTraceparent, requestKey } from "@granary/domain";
import type { z } from "zod";
import { readPart } from "./readItems.ts";
import type { SubmitterDeps } from "./settings.ts";
import { submitRequests } from "./submitRequests.ts";
import { unknownRequest } from "./unknownRequest.ts";

const PAGE = 500;

/** Makes a new request of the items of an ended one that ended in the ways asked for: same keys, and `parent` says whose they are. */
export async function retryRequest(
  deps: SubmitterDeps,
  data: z.output<typeof retryData>,
  traceparent?: string,
): Promise<Reply> {
  const { source, requestId } = data;
  const parent = await deps.store.load("request", requestKey(deps.ids, source, requestId));
  if (!parent) return unknownRequest(source, requestId);
  const refuse = (path: string, message: string): Reply => ({
    id: parent.id,
    requestId,
    status: "rejected",
    faults: [{ path, message }],
  });
  if (parent.state !== "ended")
    return refuse("requestId", `${requestId} has not ended: wait, or cancel it first`);
  const purged = `items or outcomes of ${requestId} were purged: submit them anew`;
  if (parent.purged) return refuse("requestId", purged);
  const path = `${parent.id}/retry-${deps.ids.nonce()}.jsonl`;
  const chosen = chosenItems(deps, parent, data);
  const { sha256, bytes } = await deps.artifacts.put(path, chosen);
  // A purge says so before it removes anything: what was read before is whole.
  if ((await deps.store.load("request", parent.id))?.purged) {
    await deps.artifacts.remove(path);
    return refuse("requestId", purged);
  }
  if (bytes === 0) {
    await deps.artifacts.remove(path);
    return refuse("only", `no item of ${requestId} ended that way`);
  }
  const submit: SubmitData = {
    source,
    requestId: data.newRequestId ?? `${requestId}-retry`,
    provider: parent.provider as SubmitData["provider"],
    account: parent.account.slice(parent.provider.length + 1),
    model: parent.model,
    endpoint: parent.endpoint,
    output: parent.output,
    priority: parent.priority,
    retry: parent.retry,
    isolate: parent.isolate,
    metadata: parent.metadata,
    ...(parent.maxCostMicros === null ? {} : { maxCostUsd: parent.maxCostMicros / 1e6 }),
    itemsRef: { path, sha256 },
  };
  // The trace of whoever asks to try again; else it goes on in that of the request.
  const trace = readTraceparent(traceparent) ?? parent.traceparent;
  const command: Command = {
    id: deps.ids.nonce(),
    type: "submit",
    data: submit,
    ...(trace === null ? {} : { traceparent: trace }),
  };
  const [reply] = await submitRequests(deps, [command], { parent: parent.id });
  // The new request has its own copy.
  await deps.artifacts.remove(path);
  return reply ?? refuse("requestId", "no answer");
}

/** The chosen items as JSON lines, in input order. */
async function* chosenItems(
  { store, artifacts }: SubmitterDeps,
  parent: RequestDoc,
  { only, reasons }: z.output<typeof retryData>,
): AsyncGenerator<Uint8Array> {
  const wanted = (outcome: Outcome): boolean =>
    only.some((status) => status === outcome.status) &&
    (!reasons || outcome.status !== "failed" || reasons.some((reason) => reason === outcome.reason));
  let part: { readonly to: number; readonly items: ReadonlyMap<number, Item> } = { to: 0, items: new Map() };
  let after: number | undefined;
  for (;;) {
    const page = await store.outcomes(parent.id, { after, limit: PAGE });
    const lines: string[] = [];
    for (const outcome of page.filter(wanted)) {
      if (outcome.ordinal >= part.to) {
        const cut = parent.cuts.find(({ from, to }) => from <= outcome.ordinal && outcome.ordinal < to);
        if (!cut) throw new Error(`request ${parent.id} has no item ${outcome.ordinal}`);
        part = { to: cut.to, items: await readPart(artifacts, parent, cut.part) };
      }
      lines.push(canonicalJson(part.items.get(outcome.ordinal)));
    }
    if (lines.length > 0) yield Buffer.from(`${lines.join("\n")}\n`);
    after = page.at(-1)?.ordinal;
    if (page.length < PAGE) return;
  }
}
