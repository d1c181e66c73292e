import type { Clock, Command, Reply } from "@granary/domain";
import { BusUnavailable, COMMAND_PREFIX, Faulty } from "@granary/domain";
import { createInbox, headers as newHeaders } from "@nats-io/transport-node";
import { MessageTooLarge } from "./busErrors.ts";
import { commandEvent } from "./commandEvent.ts";
import type { Nats } from "./nats.ts";
import { publishDurably } from "./publishDurably.ts";
import { replyInbox } from "./replyInbox.ts";
import { REPLY_TO } from "./sendReply.ts";
import { type StreamsOptions, streamsOf, subjectOf } from "./streams.ts";
import { turnstile } from "./turnstile.ts";

const LEAST_MS = 10;

/** What sending commands can be told. */
export interface CommandClientOptions {
  readonly clock: Clock;
  readonly streams?: StreamsOptions;
  /** The CloudEvents `source`; `granary` where it is left out. */
  readonly source?: string;
  /** Most commands that wait for an answer at a time; 256 where it is left out. */
  readonly inFlight?: number;
  /** After how long without an answer a command is sent again; 5 s where it is left out. */
  readonly repeatMs?: number;
}

/** How long a command may take. */
export interface SendOptions {
  /** From the moment it is sent; 30 s where it is left out. */
  readonly timeoutMs?: number;
}

/** Sends commands over NATS. Disposing of it gives up what still waits. */
export interface CommandClient extends AsyncDisposable {
  /**
   * Sends a command, again and again until it is answered, and resolves with the answer. All commands are idempotent,
   * so it may be carried out more than once.
   * @throws BusUnavailable without an answer in time: the command may have been taken, and may be repeated
   * @throws Faulty where it is larger than NATS takes
   */
  readonly send: (command: Command, options?: SendOptions) => Promise<Reply>;
  /** Resolves once the command is durable with NATS; nobody answers. @throws BusUnavailable, Faulty */
  readonly publish: (command: Command, options?: SendOptions) => Promise<void>;
}

/** A sender of commands on a connection, which stays the caller's. */
export function commandClient(nats: Nats, options: CommandClientOptions): CommandClient {
  const { clock, source = "granary", inFlight = 256, repeatMs = 5000 } = options;
  const streams = streamsOf(options.streams);
  const inbox = replyInbox(nats.connection, createInbox());
  const places = turnstile(inFlight);

  async function put(command: Command, forMs: number, first: boolean, replyTo?: string): Promise<boolean> {
    const headers = newHeaders();
    if (replyTo) headers.set(REPLY_TO, replyTo);
    if (command.traceparent) headers.set("traceparent", command.traceparent);
    const { ack, tries } = await publishDurably(nats, {
      clock,
      subject: subjectOf(streams, `${COMMAND_PREFIX}${command.type}`),
      bytes: commandEvent(command, source, clock.now()),
      headers,
      // A repeat goes under no id: the server would swallow it, and the first one may be gone with its answer lost.
      ...(first ? { messageId: command.id } : {}),
      stream: streams.commandStream,
      forMs,
      signal: inbox.closed,
    });
    return ack.duplicate && tries === 1;
  }

  async function sendNow(command: Command, timeoutMs: number): Promise<Reply> {
    const until = clock.monotonic() + timeoutMs;
    using answer = inbox.expect();
    for (let sent = 0; ; sent += 1) {
      const left = until - clock.monotonic();
      // With less than that left nobody can answer any more.
      if (left < LEAST_MS || inbox.closed.aborted) break;
      const session = nats.session();
      const swallowed = await put(command, left, sent === 0, answer.subject);
      // Somebody sent it under this id not long ago: that one's answer goes to them, not to us.
      if (swallowed) continue;
      // With the connection an answer may be lost, so it is asked for as soon as there is another one.
      const over = AbortSignal.any([session, answer.arrived, inbox.closed]);
      await clock.sleep(Math.max(Math.min(repeatMs, until - clock.monotonic()), 0), over);
      const reply = answer.take();
      if (reply) return reply;
    }
    throw new BusUnavailable(
      `no answer to ${command.type} ${command.id} in ${timeoutMs / 1000} s: it may have been taken all the same, and may be sent again; is a submitter running?`,
    );
  }

  return {
    send: (command, { timeoutMs = 30_000 } = {}) =>
      places.pass(() => clearly(command, sendNow(command, timeoutMs))),
    async publish(command, { timeoutMs = 30_000 } = {}) {
      await places.pass(() => clearly(command, put(command, timeoutMs, true)));
    },
    async [Symbol.asyncDispose]() {
      inbox.close();
    },
  };
}

async function clearly<T>(command: Command, sending: Promise<T>): Promise<T> {
  try {
    return await sending;
  } catch (error) {
    if (!(error instanceof MessageTooLarge)) throw error;
    throw new Faulty(`the command ${command.id} cannot be sent`, [
      {
        path: command.type === "submit" ? "items" : "data",
        message: `${error.message}; put the items into an artifact or an object store and name it in itemsRef`,
      },
    ]);
  }
}
