import type { cancelData, Reply } from "@granary/domain";
import { requestKey } from "@granary/domain";
import type { z } from "zod";
import { unknownRequest } from "./unknownRequest.ts";
import type { SubmitterDeps } from "./settings.ts";

/** Asks for the end of a request. The first end wins; the request's own worker carries it out. */
export async function cancelRequest(
  { store, ids, clock }: SubmitterDeps,
  { source, requestId }: z.output<typeof cancelData>,
): Promise<Reply> {
  const id = requestKey(ids, source, requestId);
  const request = await store.load("request", id);
  if (!request) return unknownRequest(source, requestId);
  if (request.state === "ended") return { id, requestId, status: "ended" };
  await store.signal("request", [id], { type: "end", at: clock.now(), why: "cancelled" });
  return { id, requestId, status: "accepted" };
}
