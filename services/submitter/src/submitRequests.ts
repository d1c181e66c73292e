import type { Command, Fact, Fault, Reply, RequestDoc } from "@granary/domain";
import {
  acceptedFact,
  changeRequest,
  FACT_PREFIX,
  Faulty,
  readTraceparent,
  slicesOfCuts,
  stampFacts,
  submitData,
} from "@granary/domain";
import { keepBacklogs } from "./keepBacklogs.ts";
import { faultsOf, rejected, requestIdOf } from "./refusal.ts";
import { planRequest } from "./planRequest.ts";
import type { SubmitterDeps } from "./settings.ts";
import { takeOverJob } from "./takeOverJob.ts";
import { tellAccepted } from "./tellAccepted.ts";

/** A request that was accepted but whose slices are not in is looked after by the due loop after this long. */
export const UNFINISHED_MS = 1_000;

/** How long an open request sleeps where nothing wakes it: its placed slices are looked at by then. */
export const LOOK_AFTER_MS = 600_000;

/**
 * Accepts a batch of submit commands (P0): one insert for all, then the slices of all, then all opened. The insert
 * is the commit; whatever of the rest is lost in a crash, the due loop does again.
 */
export async function submitRequests(
  deps: SubmitterDeps,
  batch: readonly Command[],
  origin: { readonly parent: string | null } = { parent: null },
): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  const planned: { at: number; doc: RequestDoc }[] = [];
  const startedAt: number[] = [];
  const refusals: Fact[] = [];
  function refuse(at: number, reply: Reply): void {
    replies[at] = reply;
    const fact = rejectedFact(deps, batch[at], reply);
    if (fact) refusals.push(fact);
  }
  for (const [at, command] of batch.entries()) {
    startedAt[at] = deps.clock.now();
    const result = await plan(deps, command);
    if ("doc" in result) planned.push({ at, doc: { ...result.doc, ...origin } });
    else refuse(at, result);
  }
  const { within, beyond } = await keepBacklogs(deps, planned);
  for (const { at, doc, fault } of beyond) {
    refuse(at, rejected(doc.requestId, [fault]));
    await dropInput(deps, doc, null);
  }
  const now = deps.clock.now();
  const inserted = await deps.store.insertRequests(
    within.map(({ doc }) => ({
      doc: { ...doc, dueAt: now + UNFINISHED_MS },
      facts: stampFacts("request", doc, [acceptedFact(doc)], now),
    })),
  );
  const opened: RequestDoc[] = [];
  for (const [index, { at, doc }] of within.entries()) {
    const result = inserted[index];
    if (!result) throw new Error("the store left out an answer");
    if (result.inserted) {
      opened.push(doc);
      tellAccepted(deps, doc, batch[at]?.id, startedAt[at] ?? now);
    }
    const reply = result.inserted ? accepted(doc) : again(doc, result.found);
    if (reply.status !== "conflict" || result.inserted) replies[at] = reply;
    else {
      refuse(at, reply);
      await dropInput(deps, doc, result.found);
    }
  }
  await openRequests(deps, opened);
  if (refusals.length > 0) await deps.publish(refusals);
  return replies;
}

/** Takes away the input artifact of content that was not accepted. */
export async function dropInput(
  { artifacts }: SubmitterDeps,
  { input }: RequestDoc,
  found: RequestDoc | null,
): Promise<void> {
  const kept = found && "path" in found.input ? found.input.path : null;
  if ("path" in input && input.path !== kept) await artifacts.remove(input.path);
}

/** Puts the slices of requests in, or takes over the jobs that carry them, and sets them running. Repeatable. */
export async function openRequests(deps: SubmitterDeps, requests: readonly RequestDoc[]): Promise<void> {
  if (requests.length === 0) return;
  const { store, clock } = deps;
  const waiting = requests.filter(({ adopts }) => !adopts);
  if (waiting.length > 0) await store.insertSlices(waiting.flatMap(slicesOfCuts));
  for (const request of requests) if (request.adopts) await takeOverJob(deps, request, request.adopts);
  // Before they are running: until then somebody repeats all of this, so that the wake is never lost.
  await store.signal("account", [...new Set(requests.map(({ account }) => account))], { type: "wake" });
  const now = clock.now();
  const docs = await store.loadMany(
    "request",
    requests.map(({ id }) => id),
  );
  await store.saveMany(
    "request",
    docs.flatMap((held) => {
      const change = changeRequest(held, { type: "open" });
      if (!change) return [];
      // Somebody wrote onto it before it was running: its slices may all have settled already, and told it so.
      const woken = held.end !== null || held.version > 1;
      const dueAt = Math.min(held.deadlineAt ?? Infinity, woken ? now : now + LOOK_AFTER_MS);
      return [{ held, next: change.next, options: { asOwner: false, dueAt } }];
    }),
  );
}

async function plan(
  deps: SubmitterDeps,
  { data, traceparent }: Command,
): Promise<{ readonly doc: RequestDoc } | Reply> {
  const parsed = submitData.safeParse(data);
  const requestId = requestIdOf(data);
  if (!parsed.success) return rejected(requestId, faultsOf(parsed.error, data));
  try {
    return await planRequest(deps, parsed.data, { traceparent });
  } catch (error) {
    if (error instanceof Faulty) return rejected(requestId, error.faults);
    throw error;
  }
}

/** The answer to a request that was taken. */
export function accepted(doc: RequestDoc): Reply {
  return { id: doc.id, requestId: doc.requestId, status: "accepted" };
}

/** A request id that is known: the same content is accepted again, another one is a conflict. */
export function again(doc: RequestDoc, found: RequestDoc): Reply {
  const about = { id: found.id, requestId: found.requestId };
  if (found.contentSha === doc.contentSha)
    return { ...about, status: found.state === "ended" ? "ended" : "accepted" };
  const fault: Fault = {
    path: "requestId",
    message: `${doc.requestId} was accepted with other content: use a new id, or repeat the same content`,
  };
  return { ...about, status: "conflict", faults: [fault] };
}

/** A refused request leaves no document: its fact is published by itself, under an id made of the command's. */
export function rejectedFact(
  { clock }: SubmitterDeps,
  command: Command | undefined,
  reply: Reply,
): Fact | null {
  if (!command || (reply.status !== "rejected" && reply.status !== "conflict")) return null;
  const source = (command.data as { source?: unknown } | null)?.source;
  const traceparent = traceOf(command);
  return {
    specversion: "1.0",
    id: `rejected:${command.id}:1`,
    source: "granary",
    type: `${FACT_PREFIX}request.rejected`,
    subject: command.id,
    time: new Date(clock.now()).toISOString(),
    datacontenttype: "application/json",
    ...(traceparent === null ? {} : { traceparent }),
    data: {
      source: typeof source === "string" ? source : "",
      requestId: reply.requestId ?? "",
      status: reply.status,
      faults: (reply.faults ?? []).map((fault) => ({ ...fault })),
    },
  };
}

/** The trace a command names, in its data or its event; nothing begins one for a request that is not taken. */
function traceOf({ data, traceparent }: Command): string | null {
  const named = (data as { readonly traceparent?: unknown } | null)?.traceparent;
  return readTraceparent(named) ?? readTraceparent(traceparent);
}
