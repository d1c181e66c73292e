/** Publishes a submit event, hears the answer, and waits for the results. NATS is all it needs to know. */
import { randomUUID } from "node:crypto";
import { jetstream, jetstreamManager, AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { connect, createInbox, headers } from "@nats-io/transport-node";

const ANSWER_MS = 5_000;

const connection = await connect({ servers: process.env["NATS_URL"] ?? "nats://127.0.0.1:4222" });
const requestId = process.argv[2] ?? `example-${randomUUID().slice(0, 8)}`;

// Listening begins before the submit: the end cannot be missed, however soon it comes.
const manager = await jetstreamManager(connection);
const { name } = await manager.consumers.add("GRANARY_FACTS", {
  filter_subject: "granary.v1.fact.request.completed",
  deliver_policy: DeliverPolicy.All,
  ack_policy: AckPolicy.None,
  inactive_threshold: 60_000_000_000,
});
const facts = await (await jetstream(connection).consumers.get("GRANARY_FACTS", name)).consume();

const command = {
  specversion: "1.0",
  id: randomUUID(),
  source: "examples/submit.ts",
  type: "granary.v1.command.submit",
  data: {
    source: "examples",
    requestId,
    provider: "openai",
    model: "gpt-4o-mini",
    items: [
      { key: "haiku", prompt: "Write a haiku about a granary." },
      { key: "fact", prompt: "Tell one fact about wheat.", params: { maxTokens: 100 } },
    ],
    metadata: { askedBy: "examples/submit.ts" },
  },
};

const reply = await submit();
console.log(`${requestId}: ${reply.status}`);
if (reply.status === "rejected" || reply.status === "conflict") {
  for (const { path, message } of reply.faults ?? []) console.error(`  ${path}: ${message}`);
  process.exit(2);
}

for await (const message of facts) {
  const fact = message.json<Completed>();
  if (fact.data.source !== "examples" || fact.data.requestId !== requestId) continue;
  const { result, counts, costMicros, results, metadata } = fact.data;
  console.log(`${requestId}: ${result}, ${counts.succeeded} of ${command.data.items.length} succeeded`);
  console.log(
    `cost: ${costMicros === null ? "unknown" : `${costMicros} micro-dollars`}; metadata: ${JSON.stringify(metadata)}`,
  );
  if ("inline" in results)
    for (const { key, output } of results.inline) console.log(`  ${key}: ${String(output)}`);
  else console.log(`  results in ${results.path}, SHA-256 ${results.sha256}`);
  break;
}
await connection.close();

/** Sends the command until somebody answers: only then is it Granary's. */
async function submit(): Promise<Reply> {
  const inbox = createInbox();
  const answers = connection.subscribe(inbox, { max: 1 });
  const heard = (async () => {
    for await (const answer of answers) return answer.json<Reply>();
    throw new Error("the connection was closed");
  })();
  const to = headers();
  to.set("Granary-Reply-To", inbox);
  for (;;) {
    await jetstream(connection).publish(command.type, JSON.stringify(command), { headers: to });
    const answer = await Promise.race([heard, pause(ANSWER_MS)]);
    if (answer) return answer;
    console.error("no answer yet; the command is sent again");
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}

interface Reply {
  readonly status: "accepted" | "ended" | "rejected" | "conflict";
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
}

interface Completed {
  readonly data: {
    readonly source: string;
    readonly requestId: string;
    readonly result: string;
    readonly counts: { readonly succeeded: number };
    readonly costMicros: number | null;
    readonly metadata: unknown;
    readonly results:
      | { readonly inline: readonly { readonly key: string; readonly output: unknown }[] }
      | { readonly path: string; readonly sha256: string };
  };
}
