import type { Command, Store } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { systemIds } from "@granary/runtime";
import type { Provider } from "@granary/simulator";
import { COLOUR, itemsOf } from "../e2e/mixedRequests.ts";
import type { FaultCell } from "./faultCase.ts";

const SOURCE = "faults";
/** The request that is cancelled where a cell wants one. */
export const CUT = "cut";

const MODELS: Readonly<Record<Provider, string>> = {
  openai: "gpt-4o-mini",
  gemini: "gemini-2.5-flash",
  anthropic: "claude-haiku-4-5",
};
/** Gemini takes up to a hundred lines in a create's own body: its large one is to come in a file, its small ones not. */
const LARGE: Readonly<Record<Provider, number>> = { openai: 12, gemini: 105, anthropic: 12 };
/** Two faults at once take more than one try each. */
const RETRY = { maxAttempts: 8 };

/** What is asked of Granary in a cell: a job of its own, some small requests that share one, answers in a schema. */
export function submitsOf({ cases, provider }: FaultCell): readonly Command[] {
  const common = { source: SOURCE, provider, model: MODELS[provider], retry: RETRY };
  const requests = [
    { requestId: "own", items: itemsOf(LARGE[provider]), isolate: true, source: `${SOURCE}-own` },
    { requestId: "schema", items: itemsOf(4, "Name the colour of number"), output: COLOUR },
    ...[0, 1].map((index) => ({ requestId: `single-${index}`, items: itemsOf(3, `Answer mail ${index},`) })),
    ...(cases.some(({ cancels }) => cancels)
      ? [{ requestId: CUT, items: itemsOf(6), isolate: true, source: `${SOURCE}-${CUT}` }]
      : []),
  ];
  return requests.map((request) => ({
    id: `submit-${request.requestId}`,
    type: "submit",
    data: { ...common, ...request },
  }));
}

/** Cancels what is to be cancelled. */
export function cancelOf(): Command {
  return { id: `cancel-${CUT}`, type: "cancel", data: { source: `${SOURCE}-${CUT}`, requestId: CUT } };
}

/** Our id of the request that a command is about. */
export function requestIdOf({ data }: Command): string {
  const { source, requestId } = data as { readonly source: string; readonly requestId: string };
  return requestKey(systemIds, source, requestId);
}

/** Whether a job of a request runs at its provider; or the request has ended, and none ever will. */
export async function runsOrEnded(store: Store, request: string): Promise<boolean> {
  const doc = await store.load("request", request);
  if (doc?.state === "ended") return true;
  const tasks = await store.tasks({ request }, { limit: 10 });
  return tasks.some(({ state, view }) => state === "running" && view?.status === "running");
}
