import type { AdoptData, Command, Reply, RequestDoc } from "@granary/domain";
import { acceptedFact, adoptData, Faulty, ProviderTrouble, stampFacts } from "@granary/domain";
import { logFieldsOf, withLogFields } from "@granary/runtime";
import { accountIdOf } from "./planRequest.ts";
import { adoptionRequestId, planAdoption } from "./planAdoption.ts";
import type { PlannedAdoption } from "./planAdoption.ts";
import { faultsOf, rejected, requestIdOf } from "./refusal.ts";
import { tellAccepted } from "./tellAccepted.ts";
import type { SubmitterDeps } from "./settings.ts";
import { accepted, again, dropInput, openRequests, rejectedFact, UNFINISHED_MS } from "./submitRequests.ts";

/**
 * Accepts a request for a job that runs already, and takes the job over. The insert is the commit, as with a submit;
 * what is lost of the rest in a crash, the due loop does again. Never creates or cancels anything at the provider.
 */
export async function adoptJob(deps: SubmitterDeps, command: Command): Promise<Reply> {
  const reply = await adopt(deps, command);
  const fact = rejectedFact(deps, command, reply);
  if (fact) await deps.publish([fact]);
  return reply;
}

async function adopt(deps: SubmitterDeps, { id, data, traceparent }: Command): Promise<Reply> {
  const parsed = adoptData.safeParse(data);
  if (!parsed.success) return rejected(requestIdOf(data), faultsOf(parsed.error, data));
  const startedAt = deps.clock.now();
  const planned = await plan(deps, parsed.data, traceparent);
  if ("status" in planned) return planned;
  const { doc, found } = planned;
  if (found) return repeated(deps, doc, found);
  const now = deps.clock.now();
  const born = { ...doc, dueAt: now + UNFINISHED_MS };
  const facts = stampFacts("request", doc, [acceptedFact(doc)], now);
  const inserted = await deps.store.insertOnce("request", born, facts);
  if (!inserted.inserted) return repeated(deps, doc, inserted.found);
  tellAccepted(deps, doc, id, startedAt);
  await withLogFields(logFieldsOf("request", doc), async () => openRequests(deps, [doc]));
  return accepted(doc);
}

async function plan(
  deps: SubmitterDeps,
  data: AdoptData,
  traceparent: string | undefined,
): Promise<PlannedAdoption | Reply> {
  const requestId = adoptionRequestId(data);
  try {
    return await planAdoption(deps, data, { traceparent });
  } catch (error) {
    if (error instanceof Faulty) return rejected(requestId, error.faults);
    if (!isTrouble(error)) throw error;
    const account = accountIdOf(deps.catalogue, data);
    deps.log.warn(
      { account, requestId, jobId: data.jobId, traceparent, err: error },
      "job to be adopted cannot be looked at",
    );
    const code = error instanceof ProviderTrouble ? error.code : "no_answer";
    const message = `${account} could not be asked for ${data.jobId} (${code}): adopt it again later`;
    return rejected(requestId, [{ path: "jobId", message }]);
  }
}

/** The account said no, or nothing in the time there was. Other commands must not wait for it. */
function isTrouble(error: unknown): boolean {
  return error instanceof ProviderTrouble || (error instanceof Error && error.name === "TimeoutError");
}

async function repeated(deps: SubmitterDeps, doc: RequestDoc, found: RequestDoc): Promise<Reply> {
  const reply = again(doc, found);
  if (reply.status === "conflict") await dropInput(deps, doc, found);
  return reply;
}
