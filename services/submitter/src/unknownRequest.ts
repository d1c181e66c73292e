import type { Reply } from "@granary/domain";

/** The answer where nobody has heard of the request. */
export function unknownRequest(source: string, requestId: string): Reply {
  return {
    id: null,
    requestId,
    status: "rejected",
    faults: [{ path: "requestId", message: `source ${source} has no request ${requestId}` }],
  };
}
