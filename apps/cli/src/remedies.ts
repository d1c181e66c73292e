import type { LastError, Pause, WaitsFor } from "@granary/domain";

/** What a document waits for, in a sentence that also says what, if anything, a person can do. */
export function remedyFor(waitsFor: WaitsFor): string {
  switch (waitsFor) {
    case "grant":
      return "waits for its turn at the gate; goes on by itself";
    case "limit":
      return "the account takes no more at the moment; goes on by itself as jobs end, or raise its limits";
    case "account":
      return "the provider refuses the account: check its key, quota and billing, then start granary up again with them; it goes on by itself, nothing is lost";
    case "unreachable":
      return "the provider does not answer: check the network and the base URL; it is tried again by itself";
    case "budget":
      return "the day's budget is used up: raise it in the file of GRANARY_CONFIG, or wait for the next UTC day";
    case "sweep":
      return "the answer to a create was lost, or the store was put back to an older copy: the account's job list is being searched; goes on by itself";
    case "quiet":
      return "the answer to a create was lost: nothing is sent again before the quiet period is over; goes on by itself";
    case "settle":
      return "the job has ended and its results are not all there yet; goes on by itself";
    case "operator":
      return "needs a person: see granary unknown list, granary doctor and the log of granary up";
  }
}

/** What an account's pause means and what to do about it. */
export function remedyForPause({ why }: Pick<Pause, "why">): string {
  return remedyFor(why === "unavailable" ? "unreachable" : why);
}

/** An error as part of a sentence; empty where there is none. */
export function errorText(error: LastError | null): string {
  return error ? `${error.code}: ${error.message}` : "";
}
