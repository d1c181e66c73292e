import { afterEach, beforeEach, describe } from "vitest";
import type { Store } from "@granary/domain";
import { describeAdmission } from "./contract/admission.ts";
import { describeClaims } from "./contract/claims.ts";
import { describeDocuments } from "./contract/documents.ts";
import { describeOutbox } from "./contract/outbox.ts";
import { describeOutcomes } from "./contract/outcomes.ts";
import { describeQueries } from "./contract/queries.ts";
import { describeRaces } from "./contract/races.ts";
import { describeSignals } from "./contract/signals.ts";
import { describeSlices } from "./contract/slices.ts";

/** A store that is new and empty, as an adapter's tests set it up. */
export interface Rig {
  readonly store: Store;
  /** Another connection to the same data; the rig closes it. */
  readonly second: () => Promise<Store>;
  /** Lets the store's own clock go on by `ms`, by a test clock or by waiting. It stands still otherwise, or nearly. */
  readonly later: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What every store promises. An adapter is a rig and one call. */
export function testStore(name: string, open: () => Promise<Rig>): void {
  describe(`The store ${name}`, () => {
    let rig: Rig;
    beforeEach(async () => {
      rig = await open();
      await rig.store.ensure();
    });
    afterEach(async () => rig.close());
    const current = (): Rig => rig;

    describeDocuments(current);
    describeClaims(current);
    describeSignals(current);
    describeRaces(current, open);
    describeSlices(current);
    describeOutcomes(current);
    describeAdmission(current);
    describeOutbox(current);
    describeQueries(current);
  });
}
