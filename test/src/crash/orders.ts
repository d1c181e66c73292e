import type { Command, Reply, Store, TaskState } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { systemClock, systemIds } from "@granary/runtime";
import { SOURCE } from "../e2e/site.ts";

/** What a caller waits for before it goes on. */
type Moment = "accepted" | TaskState;

/** A command that a caller gives, and when. */
export interface Order {
  readonly command: Command;
  /** Not before the request is there, or a task of it is so, or it has ended. At once where it is left out. */
  readonly once?: Moment;
  /** It is to be refused, and to leave nothing. */
  readonly isRefused?: true;
}

const LOOK_MS = 20;

/** A submit order. Its id stays the same however often it is given. */
export function submitOrder(data: { readonly requestId: string } & Readonly<Record<string, unknown>>): Order {
  return { command: { id: `submit-${data.requestId}`, type: "submit", data: { source: SOURCE, ...data } } };
}

/** A cancel order. */
export function cancelOrder(requestId: string, source: string, once?: Moment): Order {
  const command: Command = { id: `cancel-${requestId}`, type: "cancel", data: { source, requestId } };
  return once === undefined ? { command } : { command, once };
}

/**
 * Gives orders as a caller does: those that wait for nothing together, the others one after the other, each until it is
 * answered. Ends early where `stop` aborts. A caller that lives anew gives all of them anew.
 */
export async function giveOrders(
  orders: readonly Order[],
  {
    store,
    send,
  }: { readonly store: Store; readonly send: (commands: readonly Command[]) => Promise<readonly Reply[]> },
  stop: AbortSignal,
): Promise<void> {
  const [now, later] = [
    orders.filter(({ once }) => once === undefined),
    orders.filter(({ once }) => once !== undefined),
  ];
  if (stop.aborted) return;
  await send(now.map(({ command }) => command));
  for (const { command, once } of later) {
    while (!stop.aborted && !(await isTime(store, requestOf(command), once)))
      await systemClock.sleep(LOOK_MS, stop);
    if (stop.aborted) return;
    await send([command]);
  }
}

/** Our id of the request that a command is about. */
export function requestOf({ data }: Command): string {
  const { source, requestId } = data as { readonly source: string; readonly requestId: string };
  return requestKey(systemIds, source, requestId);
}

async function isTime(store: Store, request: string, once: Moment | undefined): Promise<boolean> {
  const doc = await store.load("request", request);
  if (once === "accepted") return doc !== null;
  if (doc?.state === "ended" || doc?.end) return true;
  const tasks = await store.tasks({ request }, { limit: 10 });
  return tasks.some(({ state }) => state === once);
}
