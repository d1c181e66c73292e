import { InvalidArgumentError } from "commander";
import type { RequestDoc, TaskDoc } from "@granary/domain";

const KINDS = ["request", "source", "day", "model", "provider", "account"] as const;
const METADATA = "metadata:";
/** The group of what has no such metadata. */
export const NO_GROUP = "(none)";
/** The group of money that was spent for several at once, and is none's alone. */
export const SHARED_GROUP = "(shared)";

/** By what money is added up. */
export type CostGrouping = (typeof KINDS)[number] | { readonly metadata: string };

/** An option's grouping. */
export function costGrouping(text: string): CostGrouping {
  const kind = KINDS.find((candidate) => candidate === text);
  if (kind) return kind;
  if (text.startsWith(METADATA) && text.length > METADATA.length)
    return { metadata: text.slice(METADATA.length) };
  throw new InvalidArgumentError(`It is none of ${KINDS.join(", ")} and metadata:KEY.`);
}

/** A grouping as it was given. */
export function groupingText(by: CostGrouping): string {
  return typeof by === "string" ? by : `${METADATA}${by.metadata}`;
}

/** The group of an ended request. */
export function groupOfRequest(by: CostGrouping, request: RequestDoc): string {
  if (typeof by !== "string") {
    const value = Object.hasOwn(request.metadata, by.metadata) ? request.metadata[by.metadata] : undefined;
    if (value === undefined) return NO_GROUP;
    return typeof value === "string" ? value : JSON.stringify(value);
  }
  switch (by) {
    case "request":
      return request.source === "cli" ? request.requestId : `${request.source}/${request.requestId}`;
    case "source":
      return request.source;
    case "day":
      return dayOf(request.endedAt);
    case "model":
      return request.model;
    case "provider":
      return request.provider;
    case "account":
      return request.account;
  }
}

/** The group of money that was spent on a task which several requests share. */
export function groupOfSharedTask(by: CostGrouping, task: TaskDoc): string {
  if (typeof by !== "string") return SHARED_GROUP;
  switch (by) {
    case "request":
      return SHARED_GROUP;
    case "source": {
      const [only, ...others] = Object.keys(task.bySource);
      return only !== undefined && others.length === 0 ? only : SHARED_GROUP;
    }
    case "day":
      return dayOf(task.endedAt);
    case "model":
      return task.model;
    case "provider":
      return task.provider;
    case "account":
      return task.account;
  }
}

function dayOf(at: number | null): string {
  return at === null ? NO_GROUP : new Date(at).toISOString().slice(0, 10);
}
