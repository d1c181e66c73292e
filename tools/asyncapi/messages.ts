import { COMMAND_PREFIX } from "../../libs/domain/src/commands.ts";
import type { CommandType } from "../../libs/domain/src/commands.ts";
import { FACT_PREFIX, stampFacts } from "../../libs/domain/src/facts.ts";
import type { Fact, FactBody, FactType } from "../../libs/domain/src/facts.ts";
import { REPLY_TO } from "../../libs/messaging/src/jetstream/sendReply.ts";
import { subjectOf } from "../../libs/messaging/src/jetstream/streams.ts";
import { COMMAND_EXAMPLES } from "./commandExamples.ts";
import { FACT_EXAMPLES } from "./factExamples.ts";
import { CLOUD_EVENT, ref, STREAMS } from "./parts.ts";
import type { Json } from "./parts.ts";
import { COMMAND_SUMMARIES, FACT_SUMMARIES } from "./summaries.ts";

const EXAMPLE_AT = Date.UTC(2026, 10, 25, 8);
const MESSAGE_ID = { type: "string", minLength: 1 };

/** What goes beside a command. */
export const COMMAND_HEADERS = {
  type: "object",
  properties: {
    [REPLY_TO]: {
      type: "string",
      pattern: "^[^\\s.*>$][^\\s.*>]*(?:\\.[^\\s.*>]+)*$",
      description:
        "The inbox that hears the answer; none without it. No subject of ours, and none that begins with $.",
    },
    "Nats-Msg-Id": {
      ...MESSAGE_ID,
      description:
        "The event's id. NATS swallows a second message under it for two hours, so that a repeat which is to be answered goes without it.",
    },
  },
};

/** What goes beside a fact. */
export const FACT_HEADERS = {
  type: "object",
  properties: { "Nats-Msg-Id": { ...MESSAGE_ID, description: "The event's id: the same at every telling" } },
  required: ["Nats-Msg-Id"],
};

/** A command as it is sent, with examples. */
export function commandMessage(type: CommandType): Json {
  const subject = subjectOf(STREAMS, `${COMMAND_PREFIX}${type}`);
  return {
    name: `${COMMAND_PREFIX}${type}`,
    title: type,
    summary: COMMAND_SUMMARIES[type],
    contentType: CLOUD_EVENT,
    traits: [ref("messageTraits", "command")],
    payload: ref("schemas", `command.${type}`),
    examples: COMMAND_EXAMPLES[type].map(({ name, summary, data }, index) => ({
      name,
      summary,
      headers: { [REPLY_TO]: "_INBOX.crm.1", "Nats-Msg-Id": `crm-${type}-${index + 1}` },
      payload: {
        specversion: "1.0",
        id: `crm-${type}-${index + 1}`,
        source: "crm",
        type: subject,
        time: new Date(EXAMPLE_AT).toISOString(),
        datacontenttype: "application/json",
        data,
      },
    })),
  };
}

/** A fact as it is told, with an example. */
export function factMessage(type: FactType): Json {
  const example = exampleFact(type);
  return {
    name: `${FACT_PREFIX}${type}`,
    title: type,
    summary: FACT_SUMMARIES[type],
    contentType: CLOUD_EVENT,
    traits: [ref("messageTraits", "fact")],
    payload: ref("schemas", `fact.${type}`),
    examples: [{ name: type, headers: { "Nats-Msg-Id": example.id }, payload: example }],
  };
}

/** A fact as it travels: its id says of which document it is, and where in that one's history. */
function exampleFact(type: FactType): Fact {
  const body = { type, data: FACT_EXAMPLES[type] } as FactBody;
  const [kind, id] = documentOf(body);
  const [fact] = stampFacts(kind, { id, eventSeq: 0 }, [body], EXAMPLE_AT);
  if (!fact) throw new Error(`no example of ${type}`);
  return fact;
}

function documentOf({ type, data }: FactBody): readonly [kind: string, id: string] {
  if (type === "provider.schema_drift") return ["account", data.account];
  // A refused request leaves no document: the command stands for it.
  if (type === "request.rejected") return ["rejected", "crm-submit-1"];
  return "taskId" in data ? ["task", data.taskId] : ["request", data.id];
}

/** The answer to a command, with examples. */
export function replyMessage(): Json {
  return {
    name: "reply",
    title: "The answer to a command",
    summary:
      "`accepted`: Granary answers for it from now on. `rejected`: not taken, `faults` say why. `conflict`: other content under the same id. `ended`: the request is known, and has ended already.",
    contentType: "application/json",
    tags: [{ name: "reply" }],
    payload: ref("schemas", "reply"),
    examples: [
      {
        name: "accepted",
        payload: {
          id: FACT_EXAMPLES["request.accepted"].id,
          requestId: "nightly-2026-11-25",
          status: "accepted",
        },
      },
      {
        name: "rejected",
        payload: {
          id: null,
          requestId: "nightly-2026-11-25",
          status: "rejected",
          faults: FACT_EXAMPLES["request.rejected"].faults,
        },
      },
    ],
  };
}
