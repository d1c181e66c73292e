import type { Fault, Reply } from "@granary/domain";
import type { z } from "zod";

/** The faults of data that does not fit its schema, with the items' keys where there are any. */
export function faultsOf(error: z.ZodError, data?: unknown): readonly Fault[] {
  return error.issues.map((issue) => {
    const [first, index] = issue.path;
    const items = (data as { items?: unknown } | undefined)?.items;
    const item: unknown =
      first === "items" && typeof index === "number" && Array.isArray(items) ? items[index] : null;
    const key = (item as { key?: unknown } | null)?.key;
    const path = issue.path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
      .join("")
      .replace(/^\./, "");
    return { ...(typeof key === "string" ? { key } : {}), path, message: issue.message };
  });
}

/** The caller's request id, where data has one, whatever else is wrong with it. */
export function requestIdOf(data: unknown): string | null {
  const id = (data as { requestId?: unknown } | null)?.requestId;
  return typeof id === "string" ? id : null;
}

/** An answer that says why nothing was done. */
export function rejected(requestId: string | null, faults: readonly Fault[]): Reply {
  return { id: null, requestId, status: "rejected", faults };
}
