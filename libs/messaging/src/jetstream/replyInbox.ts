import type { Reply } from "@granary/domain";
import type { NatsConnection } from "@nats-io/transport-node";

/** An answer that is waited for, until it is disposed of. */
export interface ExpectedReply extends Disposable {
  /** Where it has to go. */
  readonly subject: string;
  readonly arrived: AbortSignal;
  /** The answer, once it has arrived. */
  readonly take: () => Reply | null;
}

/** Where answers come in: one subscription for all of them. */
export interface ReplyInbox {
  readonly expect: () => ExpectedReply;
  readonly closed: AbortSignal;
  readonly close: () => void;
}

/** An inbox below a subject that is nobody else's. */
export function replyInbox(connection: NatsConnection, root: string): ReplyInbox {
  const expected = new Map<string, (reply: Reply) => void>();
  const closed = new AbortController();
  let last = 0;
  const subscription = connection.subscribe(`${root}.*`, {
    callback(error, { subject, data }) {
      const reply = error ? null : replyOf(data);
      if (reply) expected.get(subject)?.(reply);
    },
  });
  return {
    expect() {
      last += 1;
      const subject = `${root}.${last}`;
      const arrived = new AbortController();
      let answer: Reply | null = null;
      expected.set(subject, (reply) => {
        answer ??= reply;
        arrived.abort();
      });
      return {
        subject,
        arrived: arrived.signal,
        take: () => answer,
        [Symbol.dispose]: () => void expected.delete(subject),
      };
    },
    closed: closed.signal,
    close() {
      closed.abort();
      if (!subscription.isClosed()) subscription.unsubscribe();
    },
  };
}

function replyOf(data: Uint8Array): Reply | null {
  try {
    const reply = JSON.parse(new TextDecoder().decode(data)) as Partial<Reply> | null;
    return typeof reply?.status === "string" ? (reply as Reply) : null;
  } catch {
    return null;
  }
}
