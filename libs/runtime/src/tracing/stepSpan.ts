import type { DocOf, Kind, RequestDoc, TaskDoc } from "@granary/domain";
import { requestAttributes, taskAttributes } from "./spanAttributes.ts";
import type { SpanAbout } from "./tracer.ts";

/** The names of the steps' spans; a step that is not here has none of its own. */
const NAMES: Readonly<Record<string, string>> = {
  openAccepted: "open",
  submitTask: "submit",
  watchRequest: "watch",
  watchTask: "poll",
  sweepAccount: "sweep",
  harvestTask: "harvest",
  closeRequest: "close",
};

/** The span of a step on a document; null for a step that has none. */
export function stepSpan<K extends Kind>(
  worker: { readonly name: string; readonly kind: K },
  held: DocOf[K],
): { readonly name: string; readonly about: SpanAbout } | null {
  const name = NAMES[worker.name];
  if (name === undefined) return null;
  switch (worker.kind) {
    case "task": {
      const task = held as TaskDoc;
      // Over days a job is looked at thousands of times: those looks do not name everybody again.
      const links = name === "poll" ? undefined : task.traces;
      return { name, about: { parent: task.traceparent ?? null, links, attributes: taskAttributes(task) } };
    }
    case "request": {
      const request = held as RequestDoc;
      return { name, about: { parent: request.traceparent, attributes: requestAttributes(request) } };
    }
    case "account":
    case "sweep":
      return { name, about: { parent: null, attributes: { "granary.account": held.id } } };
  }
}
