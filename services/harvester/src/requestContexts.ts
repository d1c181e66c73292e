import type { OutputValidator, Price, RequestDoc, Slice, TaskDoc } from "@granary/domain";
import { priceOfTask } from "@granary/domain";
import { outputValidator } from "@granary/providers";
import { BULK } from "./settings.ts";
import type { HarvesterDeps } from "./settings.ts";

/** What the judgement of a request's lines depends on, without the request itself. */
export interface RequestContextOf extends Pick<RequestDoc, "retry" | "maxCostMicros" | "end"> {
  readonly validate: OutputValidator | null;
  readonly price: Price | undefined;
  /** What the request has cost so far, and what was decided to be spent on it meanwhile. */
  spentMicros: number | null;
}

/** Loads the contexts of all requests that slices belong to. Validators are shared by those with one schema. */
export async function requestContexts(
  { store, catalogue }: HarvesterDeps,
  task: TaskDoc,
  slices: Iterable<Slice>,
): Promise<ReadonlyMap<string, RequestContextOf>> {
  const ids = [...new Set([...slices].map(({ request }) => request))];
  const validators = new Map<string, OutputValidator>();
  const contexts = new Map<string, RequestContextOf>();
  const price = priceOfTask(catalogue.prices, task);
  for (let at = 0; at < ids.length; at += BULK)
    for (const request of await store.loadMany("request", ids.slice(at, at + BULK))) {
      const { retry, maxCostMicros, end, output, schemaSha } = request;
      let validate: OutputValidator | null = null;
      if (output.type === "json_schema" && schemaSha !== null) {
        validate = validators.get(schemaSha) ?? outputValidator(output.schema);
        validators.set(schemaSha, validate);
      }
      const spent = maxCostMicros === null ? 0 : (await store.sumSlices(request.id)).costMicros;
      contexts.set(request.id, { retry, maxCostMicros, end, validate, price, spentMicros: spent });
    }
  return contexts;
}
