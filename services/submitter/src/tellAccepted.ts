import type { RequestDoc } from "@granary/domain";
import { beginTrace } from "@granary/domain";
import { requestAttributes, tracerOf } from "@granary/runtime";
import type { SubmitterDeps } from "./settings.ts";

/** Tells, in a request's own trace, that it was accepted; where the trace was begun for it, this is its first span. */
export function tellAccepted(
  deps: SubmitterDeps,
  doc: RequestDoc,
  commandId: string | undefined,
  startedAt: number,
): void {
  tracerOf(deps).record("accept", {
    parent: doc.traceparent,
    // A caller may go on in a trace that was begun here for another request.
    root: doc.traceparent === beginTrace(deps.ids, doc.by),
    kind: "consumer",
    startedAt,
    endedAt: deps.clock.now(),
    attributes: {
      ...requestAttributes(doc),
      "messaging.operation.name": "accept",
      "messaging.operation.type": "process",
      "messaging.message.id": commandId,
    },
  });
}
