import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Reply } from "@granary/domain";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, createInbox, headers } from "@nats-io/transport-node";

const RETRY_MS = 50;
const COMMAND = "granary.v1.command";

/** A caller that knows nothing but NATS and the command's schema. */
export interface RawCaller extends AsyncDisposable {
  /** Submits a request, again and again until somebody answers. `data` is put over some defaults. */
  readonly submit: (data: object) => Promise<Reply>;
  /**
   * Submits requests at an even pace, many of them under way at once, each until it is answered.
   * Answers how often each answer came, and how long it took from the first to the last.
   */
  readonly flood: (requests: readonly object[], perSecond: number) => Promise<Flood>;
  /** Publishes bytes as they are; resolves with the answer, or null where none came in time. */
  readonly publish: (subject: string, bytes: string | Uint8Array, answerMs?: number) => Promise<Reply | null>;
  /** Commands that the stream still holds: they leave it when they are acknowledged. */
  readonly commandsLeft: () => Promise<number>;
  /** Messages in a stream; null where there is no such stream. */
  readonly messagesIn: (stream: string) => Promise<number | null>;
}

/** Who NATS lets in. */
export interface NatsUser {
  readonly name: string;
  readonly password: string;
}

/** What became of many commands. */
export interface Flood {
  readonly statuses: Readonly<Record<string, number>>;
  /** From the first publish to the last publish. */
  readonly sentMs: number;
  /** From the first publish to the last answer. */
  readonly answeredMs: number;
  /** Commands that had to be sent more than once. */
  readonly repeats: number;
}

/** How long an answer is waited for; twice as long each time it is asked for again. */
const ANSWER_MS = 3_000;
/** The same among many: a repeat is more work for a system that is slow already. */
const PATIENT_ANSWER_MS = 15_000;
const LONGEST_ANSWER_MS = 30_000;
/** A publish that is not confirmed by then is sent again. */
const CONFIRM_MS = 5_000;
/** Commands under way at once: whoever sends more than is taken floods the broker, not Granary. */
const UNDER_WAY = 2_000;
const TICK_MS = 10;

/** Connects a caller. It keeps coming back while NATS is away. */
export async function openRawCaller(url: string, user?: NatsUser): Promise<RawCaller> {
  const connection = await connect({
    servers: url,
    ...(user === undefined ? {} : { user: user.name, pass: user.password }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_MS,
  });
  const stream = jetstream(connection, { timeout: CONFIRM_MS });
  const inbox = createInbox();
  const waiting = new Map<string, (reply: Reply) => void>();
  const answers = connection.subscribe(`${inbox}.*`);
  const listening = (async () => {
    for await (const message of answers) waiting.get(message.subject)?.(message.json<Reply>());
  })();

  async function send(
    subject: string,
    bytes: string | Uint8Array,
    answerMs: number,
    confirmed = true,
  ): Promise<Reply | null> {
    const replyTo = `${inbox}.${randomUUID()}`;
    const to = headers();
    to.set("Granary-Reply-To", replyTo);
    const answered = new Promise<Reply>((resolve) => waiting.set(replyTo, resolve));
    const timer = new AbortController();
    try {
      // Where only the answer counts, nobody has to confirm that the command lies in the stream.
      if (confirmed) await stream.publish(subject, bytes, { headers: to });
      else connection.publish(subject, bytes, { headers: to });
      const late = wait(answerMs, null, { signal: timer.signal }).catch(() => null);
      return await Promise.race([answered, late]);
    } finally {
      timer.abort();
      waiting.delete(replyTo);
    }
  }

  async function messagesIn(name: string): Promise<number | null> {
    const manager = await jetstreamManager(connection);
    for await (const { config, state } of manager.streams.list())
      if (config.name === name) return state.messages;
    return null;
  }

  async function untilAnswered(
    bytes: string,
    confirmed = true,
  ): Promise<{ readonly reply: Reply; readonly tries: number }> {
    for (let tries = 1; ; tries += 1) {
      const firstMs = confirmed ? ANSWER_MS : PATIENT_ANSWER_MS;
      const answerMs = Math.min(firstMs * 2 ** (tries - 1), LONGEST_ANSWER_MS);
      // A broker that is away, or not yet there again with its streams, is what a caller has to live with.
      const reply = await send(`${COMMAND}.submit`, bytes, answerMs, confirmed).catch(() =>
        wait(RETRY_MS, null),
      );
      if (reply) return { reply, tries };
    }
  }

  return {
    submit: async (data) => (await untilAnswered(submitEvent(data))).reply,
    publish: async (subject, bytes, answerMs = ANSWER_MS) => send(subject, bytes, answerMs),
    commandsLeft: async () => (await messagesIn("GRANARY_COMMANDS")) ?? 0,
    messagesIn,
    async flood(requests, perSecond) {
      const statuses: Record<string, number> = {};
      const startedAt = performance.now();
      const under: Promise<void>[] = [];
      let repeats = 0;
      let answered = 0;
      async function ask(request: object): Promise<void> {
        const { reply, tries } = await untilAnswered(submitEvent(request), false);
        statuses[reply.status] = (statuses[reply.status] ?? 0) + 1;
        answered += 1;
        if (tries > 1) repeats += 1;
      }
      for (let sent = 0; sent < requests.length;) {
        const due = Math.min(
          requests.length,
          answered + UNDER_WAY,
          Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond),
        );
        for (; sent < due; sent += 1) under.push(ask(requests[sent]!));
        await wait(TICK_MS);
      }
      const sentMs = performance.now() - startedAt;
      await Promise.all(under);
      return { statuses, sentMs, answeredMs: performance.now() - startedAt, repeats };
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await listening;
    },
  };
}

/** A submit command as CloudEvents has it. */
export function submitEvent(data: object): string {
  return JSON.stringify({
    specversion: "1.0",
    id: randomUUID(),
    source: "e2e",
    type: `${COMMAND}.submit`,
    data: { source: "e2e", provider: "openai", model: "gpt-4o-mini", ...data },
  });
}
