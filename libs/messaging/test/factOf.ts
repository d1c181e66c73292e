import type { Fact } from "@granary/domain";
import { stampFacts } from "@granary/domain";

/** A fact as the domain makes it; its text holds what line readers stumble over. */
export function factOf(n: number, text = "a\u2028b\nc"): Fact {
  const data = { source: text, requestId: `request-${n}`, status: "rejected" as const, faults: [] };
  const [fact] = stampFacts("request", { id: "rq1", eventSeq: n }, [{ type: "request.rejected", data }], 0);
  return fact!;
}
