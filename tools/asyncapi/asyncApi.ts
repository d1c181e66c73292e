import { z } from "zod";
import { COMMAND_PREFIX, COMMAND_TYPES } from "../../libs/domain/src/commands.ts";
import type { CommandType, Reply } from "../../libs/domain/src/commands.ts";
import { FACT_PREFIX, FACT_TYPES } from "../../libs/domain/src/facts.ts";
import type { FactType } from "../../libs/domain/src/facts.ts";
import { schemaFiles } from "../../libs/domain/src/schemaFiles.ts";
import { REPLY_TO } from "../../libs/messaging/src/jetstream/sendReply.ts";
import {
  commandStreamSettings,
  factStreamSettings,
} from "../../libs/messaging/src/jetstream/streamSettings.ts";
import type { WantedStream } from "../../libs/messaging/src/jetstream/streamSettings.ts";
import { COMMAND_CONSUMER, subjectOf } from "../../libs/messaging/src/jetstream/streams.ts";
import { COMMAND_HEADERS, commandMessage, FACT_HEADERS, factMessage, replyMessage } from "./messages.ts";
import { CLOUD_EVENT, ref, STREAMS } from "./parts.ts";
import type { Json } from "./parts.ts";
import { COMMAND_SUMMARIES, FACT_SUMMARIES, INTRODUCTION } from "./summaries.ts";

const reply = z.object({
  id: z.string().nullable(),
  requestId: z.string().nullable(),
  status: z.enum(["accepted", "rejected", "conflict", "ended"]),
  faults: z
    .array(
      z.object({
        key: z.string().exactOptional(),
        path: z.string(),
        message: z.string(),
        code: z.literal("backlog_full").exactOptional(),
      }),
    )
    .exactOptional(),
}) satisfies z.ZodType<Reply>;

/** The catalogue of commands, answers and facts: an AsyncAPI 3.0 document, as an object. Always the same one. */
export function asyncApi(): Json {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Granary",
      version: "1",
      description: INTRODUCTION,
      license: { name: "Apache-2.0" },
      tags: [{ name: "command" }, { name: "reply" }, { name: "fact" }],
      "x-streams": {
        [STREAMS.commandStream]: streamTold(commandStreamSettings(STREAMS, "2.10.0")),
        [STREAMS.factStream]: streamTold(factStreamSettings(STREAMS, "2.10.0")),
      },
    },
    defaultContentType: CLOUD_EVENT,
    servers: { nats: server("nats"), "nats-tls": server("tls") },
    channels: Object.fromEntries([
      ...COMMAND_TYPES.map((type) => [`command.${type}`, commandChannel(type)]),
      ["reply", replyChannel()],
      ...FACT_TYPES.map((type) => [`fact.${type}`, factChannel(type)]),
    ]),
    operations: Object.fromEntries([
      ...COMMAND_TYPES.map((type) => [`receive.command.${type}`, receive(type)]),
      ...FACT_TYPES.map((type) => [`send.fact.${type}`, send(type)]),
    ]),
    components: {
      messages: Object.fromEntries([
        ...COMMAND_TYPES.map((type) => [`command.${type}`, commandMessage(type)]),
        ["reply", replyMessage()],
        ...FACT_TYPES.map((type) => [`fact.${type}`, factMessage(type)]),
      ]),
      schemas: Object.fromEntries([
        ...schemaFiles().map(({ name, schema }) => [name.replace(/\.json$/, ""), payload(name, schema)]),
        ["reply", payload(null, z.toJSONSchema(reply, { io: "input" }) as Json)],
      ]),
      messageTraits: { command: { headers: COMMAND_HEADERS }, fact: { headers: FACT_HEADERS } },
      securitySchemes: {
        user: {
          type: "userPassword",
          description:
            "A user of the NATS account GRANARY with a password. A service, the operator and each upstream system have their own; what each may do is deploy/nats/accounts.conf.",
        },
      },
    },
  };
}

function server(scheme: "nats" | "tls"): Json {
  return {
    host: "{host}:{port}",
    protocol: "nats",
    protocolVersion: "2.10",
    description:
      scheme === "tls"
        ? "NATS with JetStream, by TLS: NATS_URL begins with tls://"
        : "NATS with JetStream, without TLS: on one machine, or in a development namespace",
    variables: {
      host: {
        default: scheme === "tls" ? "nats" : "127.0.0.1",
        description: "Where NATS listens: the host of NATS_URL",
      },
      port: { default: "4222", description: "The port of NATS_URL" },
    },
    security: [ref("securitySchemes", "user")],
  };
}

/** What a stream keeps and for how long; durations in seconds. The others of its settings are the server's. */
function streamTold(stream: WantedStream): Json {
  const { subjects, description, retention, discard, storage, max_bytes, max_age, max_msg_size } = stream;
  return {
    subjects,
    description,
    retention,
    discard,
    storage,
    maxBytes: max_bytes,
    maxAgeSeconds: (max_age ?? 0) / 1e9,
    maxMessageBytes: max_msg_size,
    duplicateWindowSeconds: (stream.duplicate_window ?? 0) / 1e9,
  };
}

function commandChannel(type: CommandType): Json {
  return {
    address: subjectOf(STREAMS, `${COMMAND_PREFIX}${type}`),
    summary: COMMAND_SUMMARIES[type],
    messages: { [`command.${type}`]: ref("messages", `command.${type}`) },
    "x-stream": STREAMS.commandStream,
  };
}

function factChannel(type: FactType): Json {
  return {
    address: subjectOf(STREAMS, `${FACT_PREFIX}${type}`),
    summary: FACT_SUMMARIES[type],
    messages: { [`fact.${type}`]: ref("messages", `fact.${type}`) },
    "x-stream": STREAMS.factStream,
  };
}

function replyChannel(): Json {
  return {
    address: null,
    summary: `The inbox a caller named in ${REPLY_TO}: core NATS, at most once.`,
    messages: { reply: ref("messages", "reply") },
  };
}

function receive(type: CommandType): Json {
  return {
    action: "receive",
    channel: { $ref: `#/channels/command.${type}` },
    summary: COMMAND_SUMMARIES[type],
    tags: [{ name: "command" }],
    // All replicas of the submitter share one durable consumer.
    "x-consumer": COMMAND_CONSUMER,
    messages: [{ $ref: `#/channels/command.${type}/messages/command.${type}` }],
    reply: {
      address: { location: `$message.header#/${REPLY_TO}` },
      channel: { $ref: "#/channels/reply" },
      messages: [{ $ref: "#/channels/reply/messages/reply" }],
    },
  };
}

function send(type: FactType): Json {
  return {
    action: "send",
    channel: { $ref: `#/channels/fact.${type}` },
    summary: FACT_SUMMARIES[type],
    tags: [{ name: "fact" }],
    messages: [{ $ref: `#/channels/fact.${type}/messages/fact.${type}` }],
  };
}

/** A schema as a component: without what names it as a file of its own. */
function payload(name: string | null, schema: Json): Json {
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  return name === null ? rest : { ...rest, "x-file": `libs/domain/schemas/${name}` };
}
