import { mixedRequests } from "../e2e/mixedRequests.ts";
import type { DistributedSite } from "./distributedSite.ts";

/** Which of the mixed requests a slow store gets: 80 items of 450. */
const FEW = /-(responses|single-\d)$/;

/** Which of them go to another provider than OpenAI: those with a schema, and every fifth of the small ones. */
const ELSEWHERE = [
  { of: /-json$/, provider: "gemini", model: "gemini-2.5-flash-lite" },
  { of: /-single-\d?[05]$/, provider: "anthropic", model: "claude-haiku-4-5" },
] as const;

/**
 * Submits requests of different kinds, sizes and priorities to all providers, by a raw NATS client, which repeats each until it is
 * answered.
 * @throws Error where one is not accepted
 */
export async function submitMixed(
  { caller }: Pick<DistributedSite, "caller">,
  name: string,
  { few = false }: { readonly few?: boolean } = {},
): Promise<void> {
  const requests = (mixedRequests(name) as readonly { readonly requestId: string }[]).filter(
    ({ requestId }) => !few || FEW.test(requestId),
  );
  const replies = await Promise.all(
    requests.map(async (request) => caller.submit({ ...request, ...elsewhere(request) })),
  );
  const refused = replies.filter(({ status }) => status !== "accepted" && status !== "ended");
  if (refused.length > 0) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
}

function elsewhere({ requestId }: { readonly requestId: string }): object {
  const { provider, model } = ELSEWHERE.find(({ of }) => of.test(requestId)) ?? {};
  return provider === undefined ? {} : { provider, model };
}
