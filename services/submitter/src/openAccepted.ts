import type { Step } from "@granary/runtime";
import type { SubmitterDeps } from "./settings.ts";
import { openRequests } from "./submitRequests.ts";

/** Finishes the acceptance of a request whose acceptor died: slices in, then running. */
export const openAccepted =
  (deps: SubmitterDeps): Step<"request"> =>
  async (held) => {
    await openRequests(deps, [held]);
    const now = await deps.store.now();
    // Opened by the write above, whose due time stands: this only gives the lease back.
    await deps.store.release("request", held, now);
  };
