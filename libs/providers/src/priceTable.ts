import type { Price, Rates } from "@granary/domain";

/** The rates of a row; a batch pays half of them unless it says otherwise. */
export interface ListedRates extends Rates, Partial<Pick<Price, "batch" | "tiers">> {}

/** Makes the rows of one provider's table. Models are named with blanks between them. */
export function priceTable(
  provider: string,
  source: string,
): (models: string, asOf: string, rates: ListedRates) => readonly Price[] {
  return (models, asOf, rates) =>
    models.split(" ").map((model) => ({ provider, model, batch: 0.5, ...rates, asOf, source }));
}
