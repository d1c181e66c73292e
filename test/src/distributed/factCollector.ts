import { isDeepStrictEqual } from "node:util";
import type { Fact, Store } from "@granary/domain";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsUser } from "./rawCaller.ts";

const FACTS = "granary.v1.fact.>";
const STREAM = "GRANARY_FACTS";
const RETRY_MS = 50;
const PAGE = 500;

/** What somebody who is not one of us has heard of the facts. */
export interface FactCollector extends AsyncDisposable {
  /** The facts that were heard, once each, by id. */
  readonly heard: ReadonlyMap<string, Fact>;
  /** Ids under which different things were told. */
  readonly contradicted: readonly string[];
  /** What was heard, as it came: every byte of it. */
  readonly text: () => string;
  /** Hears what the stream has kept, too: what went out while nobody of us was connected. */
  hearStream(): Promise<void>;
}

/** Listens to every fact as any NATS client may, from now on and through outages. */
export async function collectFacts(url: string, user?: NatsUser): Promise<FactCollector> {
  const connection = await connect({
    servers: url,
    ...(user === undefined ? {} : { user: user.name, pass: user.password }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_MS,
    pingInterval: 5_000,
  });
  const heard = new Map<string, Fact>();
  const contradicted: string[] = [];
  const texts: string[] = [];

  function hear(text: string): void {
    texts.push(text);
    const fact = JSON.parse(text) as Fact;
    const before = heard.get(fact.id);
    if (before === undefined) heard.set(fact.id, fact);
    else if (!isDeepStrictEqual(before, fact)) contradicted.push(fact.id);
  }

  const subscription = connection.subscribe(FACTS);
  const listening = (async () => {
    for await (const message of subscription) hear(message.string());
  })();
  await connection.flush();
  return {
    heard,
    contradicted,
    text: () => texts.join("\n"),
    async hearStream() {
      const manager = await jetstreamManager(connection);
      const { name, num_pending: pending } = await manager.consumers.add(STREAM, {
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.None,
        mem_storage: true,
        inactive_threshold: 30_000_000_000,
      });
      const consumer = await jetstream(connection).consumers.get(STREAM, name);
      for (let left = pending; left > 0;) {
        const before = left;
        for await (const message of await consumer.fetch({ max_messages: Math.min(left, PAGE) })) {
          hear(message.string());
          left -= 1;
        }
        if (left === before) throw new Error(`${STREAM} gave none of ${left} facts`);
      }
      await manager.consumers.delete(STREAM, name);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await listening;
    },
  };
}

/** What is wrong with the facts that were heard, each in a sentence: against the documents they tell of. */
export async function factFaults(
  store: Store,
  { heard, contradicted }: FactCollector,
): Promise<readonly string[]> {
  const faults = contradicted.map((id) => `${id} was told with two contents`);
  const ends = new Map<string, number>();
  for (const { type, subject } of heard.values())
    if (type === "granary.v1.fact.request.completed") ends.set(subject, (ends.get(subject) ?? 0) + 1);
  for (const kind of ["request", "task"] as const)
    for await (const { id, eventSeq } of documents(store, kind)) {
      for (let seq = 1; seq <= eventSeq; seq += 1)
        if (!heard.has(`${kind}:${id}:${seq}`)) faults.push(`${kind}:${id}:${seq} was never told`);
      if (kind === "request" && ends.get(id) !== 1)
        faults.push(`the end of ${id} was told under ${ends.get(id) ?? 0} ids`);
    }
  return faults;
}

async function* documents(
  store: Store,
  kind: "request" | "task",
): AsyncGenerator<{ readonly id: string; readonly eventSeq: number }> {
  let after: string | undefined;
  for (;;) {
    const page = { after, limit: PAGE };
    const found = kind === "request" ? await store.requests({}, page) : await store.tasks({}, page);
    yield* found;
    after = found.at(-1)?.id;
    if (found.length < PAGE) return;
  }
}
