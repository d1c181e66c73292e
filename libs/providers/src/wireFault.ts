import type { z } from "zod";

/** Which fields no longer look as they used to. */
export function wireFault({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join(".") || "line"}: ${message}`).join("; ");
}
