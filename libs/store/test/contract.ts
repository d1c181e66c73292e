import { afterEach, beforeEach, describe, expect, it, type RunnerTask, type RunnerTestSuite } from "vitest";
import type { Store } from "@granary/domain";
import { describeAdmission } from "./contract/admission.ts";
import { describeClaims } from "./contract/claims.ts";
import { describeDeadLetters } from "./contract/deadLetters.ts";
import { describeDocuments } from "./contract/documents.ts";
import { describeOutbox } from "./contract/outbox.ts";
import { describeOutcomes } from "./contract/outcomes.ts";
import { describePurging } from "./contract/purging.ts";
import { describeQueries } from "./contract/queries.ts";
import { describeRaces } from "./contract/races.ts";
import { describeSchema } from "./contract/schema.ts";
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

/** Tests that a server cannot carry, by their name below the store's, each with the reason. */
export type Gaps = Readonly<Record<string, string>>;

/** What every store promises. An adapter is a rig and one call; a server that lacks something names its gaps. */
export function testStore(name: string, open: () => Promise<Rig>, gaps: Gaps = {}): void {
  describe(`The store ${name}`, () => {
    let rig: Rig | undefined;
    beforeEach(async ({ task, skip }) => {
      const gap = gaps[nameOf(task)];
      if (gap !== undefined) skip(gap);
      rig = await open();
      await rig.store.ensure();
    });
    afterEach(async () => {
      await rig?.close();
      rig = undefined;
    });
    const current = (): Rig => {
      if (!rig) throw new Error("the test has no store");
      return rig;
    };

    describeSchema(current, open);
    describeDocuments(current);
    describeClaims(current);
    describeSignals(current);
    describeRaces(current, open);
    describeSlices(current);
    describeOutcomes(current);
    describeAdmission(current);
    describeOutbox(current);
    describeDeadLetters(current);
    describeQueries(current);
    describePurging(current);

    it("has no gap that names no test", ({ task }) => {
      const names = task.suite ? namesIn(task.suite) : [];
      expect(Object.keys(gaps).filter((each) => !names.includes(each))).toEqual([]);
    });
  });
}

function namesIn(suite: RunnerTestSuite): readonly string[] {
  return suite.tasks.flatMap((task) => (task.type === "suite" ? namesIn(task) : [nameOf(task)]));
}

/** `<what is described> > <the test>`, without file and store. */
function nameOf({ name, suite }: RunnerTask): string {
  return `${suite?.name ?? ""} > ${name}`;
}
