import type { Bus, Clock } from "@granary/domain";
import type { Tracer } from "./tracer.ts";

/** The bus, with a span in its own trace for each fact that was published. */
export function tracedBus(bus: Bus, { record }: Pick<Tracer, "record">, clock: Pick<Clock, "now">): Bus {
  return {
    ...bus,
    async publish(facts) {
      const startedAt = clock.now();
      await bus.publish(facts);
      const endedAt = clock.now();
      for (const { id, type, subject, traceparent } of facts)
        if (traceparent !== undefined)
          record("publish", {
            parent: traceparent,
            kind: "producer",
            startedAt,
            endedAt,
            attributes: {
              "messaging.operation.name": "publish",
              "messaging.operation.type": "send",
              "messaging.destination.name": type,
              "messaging.message.id": id,
              "cloudevents.event_id": id,
              "cloudevents.event_type": type,
              "cloudevents.event_subject": subject,
            },
          });
    },
  };
}
