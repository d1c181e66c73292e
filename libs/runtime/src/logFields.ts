import { AsyncLocalStorage } from "node:async_hooks";
import type { DocOf, Kind, RequestDoc, TaskDoc } from "@granary/domain";

/** What a line of the log says beside its message, so that all lines about one piece of work are found together. */
export interface LogFields {
  /** Our id of the request. */
  readonly request?: string;
  /** The caller's id of the request. */
  readonly requestId?: string;
  readonly taskId?: string;
  readonly account?: string;
  /** W3C trace context of the request or task. */
  readonly traceparent?: string;
}

const current = new AsyncLocalStorage<LogFields>();

/** Runs `work`; every line that is logged within it, by whomever, has these fields. */
export async function withLogFields<T>(fields: LogFields, work: () => Promise<T>): Promise<T> {
  return current.run({ ...current.getStore(), ...fields }, work);
}

/** The fields of whatever runs just now. */
export function currentLogFields(): LogFields {
  return { ...current.getStore() };
}

/** The fields that a document gives. */
export function logFieldsOf<K extends Kind>(kind: K, doc: DocOf[K]): LogFields {
  switch (kind) {
    case "task": {
      const { id, request, traceparent } = doc as TaskDoc;
      return {
        taskId: id,
        ...(request === null ? {} : { request }),
        ...(traceparent === undefined ? {} : { traceparent }),
      };
    }
    case "request": {
      const { id, requestId, traceparent } = doc as RequestDoc;
      return { request: id, requestId, ...(traceparent === null ? {} : { traceparent }) };
    }
    case "account":
    case "sweep":
      return { account: doc.id };
  }
}
