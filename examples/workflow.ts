/**
 * An upstream workflow of two steps: sort reviews by mood, then answer the angry ones. It holds no connection open for
 * the hours a batch may take: all it has to remember travels as `metadata` and comes back with `request.completed`.
 * Kill it at any moment and start it again: it goes on where it was.
 */
import { randomUUID } from "node:crypto";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, createInbox, headers } from "@nats-io/transport-node";

const ANSWER_MS = 5_000;
const SOURCE = "review-desk";

const REVIEWS = [
  { id: "r1", text: "Arrived broken, and nobody answers the telephone." },
  { id: "r2", text: "My children love it." },
  { id: "r3", text: "Three weeks late. Never again." },
];
const MOOD = {
  type: "object",
  properties: { mood: { type: "string", enum: ["angry", "calm"] }, why: { type: "string" } },
  required: ["mood", "why"],
  additionalProperties: false,
};

const connection = await connect({ servers: process.env["NATS_URL"] ?? "nats://127.0.0.1:4222" });
const workflow = process.argv[2] ?? `reviews-${randomUUID().slice(0, 8)}`;

// A durable consumer remembers what was handled, also while nothing of this workflow runs.
const manager = await jetstreamManager(connection);
await manager.consumers.add("GRANARY_FACTS", {
  durable_name: `example-${workflow}`,
  filter_subject: "granary.v1.fact.request.completed",
  deliver_policy: DeliverPolicy.All,
  ack_policy: AckPolicy.Explicit,
});
const facts = await (
  await jetstream(connection).consumers.get("GRANARY_FACTS", `example-${workflow}`)
).consume();

// Submitting is repeatable: where the workflow was started before, this is said "accepted" or "ended" again.
await submit("sort", {
  output: { type: "json_schema", schema: MOOD },
  items: REVIEWS.map(({ id, text }) => ({ key: id, prompt: `How does this reviewer feel? ${text}` })),
});

for await (const message of facts) {
  const { data } = message.json<Completed>();
  if (data.source === SOURCE && data.metadata["workflow"] === workflow) {
    const goesOn = await resume(data);
    // Only now: where this process died before, the fact comes again and the step is repeated, which is harmless.
    message.ack();
    if (!goesOn) break;
  } else message.ack();
}
await manager.consumers.delete("GRANARY_FACTS", `example-${workflow}`);
await connection.close();

/** Goes on after a step. Answers whether there is another one to wait for. */
async function resume({ metadata, result, results }: Completed["data"]): Promise<boolean> {
  console.log(`${workflow}: ${String(metadata["step"])} ended (${result})`);
  const rows = "inline" in results ? results.inline : [];
  if (metadata["step"] !== "sort") {
    for (const { key, output } of rows) console.log(`  answer to ${key}: ${String(output)}`);
    console.log(`${workflow}: done`);
    return false;
  }
  const moods = new Map(rows.map(({ key, output }) => [key, moodOf(output)]));
  for (const [key, mood] of moods) console.log(`  ${key}: ${mood}`);
  const angry = REVIEWS.filter(({ id }) => moods.get(id) === "angry");
  if (angry.length === 0) {
    console.log(`${workflow}: nobody is angry, done`);
    return false;
  }
  await submit("answer", {
    items: angry.map(({ id, text }) => ({
      key: id,
      prompt: `Answer this review, kindly and briefly: ${text}`,
    })),
  });
  return true;
}

function moodOf(output: unknown): string {
  const value: unknown = typeof output === "string" ? JSON.parse(output) : output;
  return (value as { mood?: string } | null)?.mood ?? "unknown";
}

/** Submits a step, again and again until it is accepted. Its id follows from the workflow's: it cannot run twice. */
async function submit(step: string, data: Readonly<Record<string, unknown>>): Promise<void> {
  const type = "granary.v1.command.submit";
  const inbox = createInbox();
  const answers = connection.subscribe(inbox, { max: 1 });
  const heard = (async () => {
    for await (const answer of answers) return answer.json<Reply>();
    throw new Error("the connection was closed");
  })();
  const to = headers();
  to.set("Granary-Reply-To", inbox);
  const command = {
    specversion: "1.0",
    id: randomUUID(),
    source: "examples/workflow.ts",
    type,
    data: {
      source: SOURCE,
      requestId: `${workflow}-${step}`,
      provider: "openai",
      model: "gpt-4o-mini",
      metadata: { workflow, step },
      ...data,
    },
  };
  for (;;) {
    await jetstream(connection).publish(type, JSON.stringify(command), { headers: to });
    const answer = await Promise.race([heard, pause(ANSWER_MS)]);
    if (!answer) continue;
    if (answer.status === "rejected" || answer.status === "conflict")
      throw new Error(`step ${step} was refused: ${JSON.stringify(answer.faults)}`);
    console.log(`${workflow}: ${step} is ${answer.status}`);
    return;
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}

interface Reply {
  readonly status: "accepted" | "ended" | "rejected" | "conflict";
  readonly faults?: readonly unknown[];
}

interface Completed {
  readonly data: {
    readonly source: string;
    readonly result: string;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly results:
      | { readonly inline: readonly { readonly key: string; readonly output: unknown }[] }
      | { readonly path: string };
  };
}
