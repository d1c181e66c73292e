import { randomUUID } from "node:crypto";
import type { Reply } from "@granary/domain";
import type { Nats } from "@granary/messaging";
import { putObject } from "@granary/messaging";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, createInbox, headers } from "@nats-io/transport-node";
import { waitUntil } from "../e2e/waitUntil.ts";
import { PASSWORDS } from "./deployedNats.ts";

const USER = "example";
const INBOXES = `_INBOX.${USER}`;
const ANSWER_MS = 10_000;
const COMPLETED = "granary.v1.fact.request.completed";

/** An upstream system as deploy/nats lets one in: its own inbox prefix, its own bucket, its own consumer. */
export interface Upstream extends AsyncDisposable {
  /** Stores items as JSON lines in its bucket; answers what a command's `itemsRef` says. */
  readonly store: (lines: readonly object[]) => Promise<object>;
  /** Submits a request of its own, and answers what it is told. */
  readonly submit: (data: object) => Promise<Reply>;
  /** Waits for the end of a request, on its durable consumer. */
  readonly completed: (requestId: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** Connects the upstream system `example`. */
export async function openUpstream(url: string): Promise<Upstream> {
  const connection = await connect({ servers: url, user: USER, pass: PASSWORDS[USER], inboxPrefix: INBOXES });
  const manager = await jetstreamManager(connection);
  await manager.consumers.add("GRANARY_FACTS", {
    durable_name: USER,
    filter_subject: COMPLETED,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
  });
  const consumer = await jetstream(connection).consumers.get("GRANARY_FACTS", USER);
  const messages = await consumer.consume();
  const ends = new Map<string, Readonly<Record<string, unknown>>>();
  const listening = (async () => {
    for await (const message of messages) {
      const { data } = message.json<{ readonly data: { readonly requestId: string } }>();
      ends.set(data.requestId, data);
      message.ack();
    }
  })();

  return {
    async store(lines) {
      async function* bytes(): AsyncGenerator<Uint8Array> {
        for (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
      }
      // Only the connection is asked for, and ours has to be one that was told its inbox prefix.
      const nats = { connection } as Nats;
      const { bucket, object, sha256 } = await putObject(nats, {
        bucket: USER,
        object: `${randomUUID()}.jsonl`,
        bytes: bytes(),
      });
      return { bucket, object, sha256 };
    },
    async submit(data) {
      const inbox = createInbox(INBOXES);
      const answers = connection.subscribe(inbox, { max: 1, timeout: ANSWER_MS });
      const to = headers();
      to.set("Granary-Reply-To", inbox);
      const event = {
        specversion: "1.0",
        id: randomUUID(),
        source: USER,
        type: "granary.v1.command.submit",
        data: { source: USER, provider: "openai", model: "gpt-4o-mini", ...data },
      };
      await jetstream(connection).publish(event.type, JSON.stringify(event), { headers: to });
      for await (const answer of answers) return answer.json<Reply>();
      throw new Error("nobody answered");
    },
    completed: async (requestId) =>
      waitUntil(`${requestId} is completed`, () => ends.get(requestId), { deadlineMs: 90_000 }),
    async [Symbol.asyncDispose]() {
      await messages.close();
      await listening;
      await connection.close();
    },
  };
}
