import type { RequestDoc, Totals } from "@granary/domain";
import { changeRequest, totalOf } from "@granary/domain";
import { change } from "@granary/runtime";
import type { Step } from "@granary/runtime";
import type { HarvesterDeps } from "./settings.ts";
import { writeResults } from "./writeResults.ts";

const LOOK_AGAIN_MS = 60_000;

/** Ends a request no slice of which is open (P6): results in input order, then `request.completed`. */
export const closeRequest =
  (deps: HarvesterDeps): Step<"request"> =>
  async (held) => {
    const at = deps.clock.now();
    const totals = await totalsOf(deps, held);
    const ended = totalOf(totals.counts);
    if (ended !== held.itemCount) {
      const message = `${ended} outcomes for ${held.itemCount} items`;
      deps.log.error({ request: held.id, ended, items: held.itemCount }, "outcomes do not add up");
      const error = { code: "accounting", message, at };
      const changed = await change(
        deps.store,
        "request",
        held,
        (current) => changeRequest(current, { type: "hold", waitsFor: "operator", error }),
        { at, release: true, dueAt: at + LOOK_AGAIN_MS },
      );
      if (!changed) await deps.store.release("request", held, at + LOOK_AGAIN_MS);
      return;
    }
    const results = await writeResults(deps, held, held.revision);
    await change(
      deps.store,
      "request",
      held,
      (current) => changeRequest(current, { type: "complete", at, totals, results }),
      { at, release: true, dueAt: null },
    );
  };

/** What a request's outcomes and slices add up to. */
export async function totalsOf({ store }: HarvesterDeps, request: RequestDoc): Promise<Totals> {
  const [counts, sums] = await Promise.all([store.countOutcomes(request.id), store.sumSlices(request.id)]);
  return { counts, costMicros: sums.costMicros, usage: sums.usage, cutByUs: sums.cutByUs };
}
