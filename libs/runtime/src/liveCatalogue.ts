import type { Catalogue } from "@granary/domain";

/** A catalogue whose content can be exchanged under the steps that use it. */
export interface LiveCatalogue {
  /** What the steps are handed. They look into it anew at each use. */
  readonly catalogue: Catalogue;
  /** From now on every look finds `next`. A call under way ends with what it began with. */
  readonly exchange: (next: Catalogue) => void;
}

/**
 * A catalogue for a process whose keys, prices and limits may change. The accounts must stay the same ones: loops were
 * started for them.
 */
export function liveCatalogue(first: Catalogue): LiveCatalogue {
  let current = first;
  return {
    catalogue: {
      get accounts() {
        return current.accounts;
      },
      get defaultAccounts() {
        return current.defaultAccounts;
      },
      get prices() {
        return current.prices;
      },
      get sources() {
        return current.sources;
      },
    },
    exchange: (next) => void (current = next),
  };
}
