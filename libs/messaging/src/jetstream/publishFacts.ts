import type { Bus, Clock, DeadLetter, Fact } from "@granary/domain";
import type { MsgHdrs } from "@nats-io/transport-node";
import { headers } from "@nats-io/transport-node";
import { MessageTooLarge } from "./busErrors.ts";
import type { BusLog } from "./connectNats.ts";
import { deadFact } from "./deadLetters.ts";
import { inParallel } from "./inParallel.ts";
import type { Nats } from "./nats.ts";
import { publishDurably } from "./publishDurably.ts";
import { type Streams, subjectOf } from "./streams.ts";

const UNDER_WAY = 256;

/** What publishing facts takes. */
export interface PublishFactsDeps {
  readonly nats: Nats;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: BusLog;
  readonly publishForMs: number;
  readonly ensure: () => Promise<unknown>;
  readonly dead: (letters: readonly DeadLetter[]) => Promise<void>;
}

/**
 * Publishes facts, many at once, each under its own id, so that a repeat within two hours is known as one. A fact that
 * is larger than the server takes becomes a dead letter: it can be sent again when the server takes more, and the
 * facts behind it go out.
 */
export const publishFacts =
  (deps: PublishFactsDeps): Bus["publish"] =>
  async (facts) =>
    inParallel(facts, UNDER_WAY, (fact) => publishFact(deps, fact));

async function publishFact(
  { nats, streams, clock, log, publishForMs, ensure, dead }: PublishFactsDeps,
  fact: Fact,
): Promise<void> {
  try {
    await publishDurably(nats, {
      clock,
      subject: subjectOf(streams, fact.type),
      bytes: Buffer.from(JSON.stringify(fact)),
      ...(fact.traceparent === undefined ? {} : { headers: traceHeader(fact.traceparent) }),
      messageId: fact.id,
      stream: streams.factStream,
      forMs: publishForMs,
      onNoStream: ensure,
    });
  } catch (error) {
    if (!(error instanceof MessageTooLarge)) throw error;
    log.error({ fact: fact.id, bytes: error.bytes }, "a fact is too large for NATS: kept as a dead letter");
    await dead([deadFact(streams, fact, error.message, clock.now())]);
  }
}

function traceHeader(traceparent: string): MsgHdrs {
  const own = headers();
  own.set("traceparent", traceparent);
  return own;
}
