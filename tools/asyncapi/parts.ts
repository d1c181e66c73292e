import { streamsOf } from "../../libs/messaging/src/jetstream/streams.ts";

/** A piece of the catalogue. */
export type Json = Readonly<Record<string, unknown>>;

/** The streams, as they are where nothing is chosen. */
export const STREAMS = streamsOf();

/** CloudEvents in structured mode: the event is the message. */
export const CLOUD_EVENT = "application/cloudevents+json";

/** A reference to a component. */
export function ref(kind: "messages" | "schemas" | "messageTraits" | "securitySchemes", name: string): Json {
  return { $ref: `#/components/${kind}/${name}` };
}
