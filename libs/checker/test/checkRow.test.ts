/** V6: how an item may end whose line never came. */
import type { NoFetch, TaskDoc } from "@granary/domain";
import { judgeAbsent, verdictRow } from "@granary/domain";
import { expect, test } from "vitest";
import { faultOfAbsent } from "../src/checkRow.ts";
import { A0, AGAIN, finishedWorld } from "./finishedWorld.ts";

const CONTEXT = {
  policy: { maxAttempts: 1, backoffMs: 0 },
  spentMicros: 0,
  retryEstimateMicros: 0,
  maxCostMicros: null,
  ended: null,
};

/** The row of a line that did not come to a task, as the harvester writes it. */
function rowOf(task: TaskDoc) {
  const judged = judgeAbsent(task, 0, null);
  return verdictRow({ line: 0, slice: { id: A0, attempts: 0 }, ordinal: 0 }, judged, 0, CONTEXT, undefined);
}

test("V6 accepts what is said of results that are gone, and nothing else where they are, or of others", async () => {
  await using world = await finishedWorld();
  const held = await world.store.load("task", AGAIN);
  const task = (noFetch: NoFetch | null): TaskDoc => ({ ...held!, noFetch });
  const gone = rowOf(task("results_unavailable"));
  expect(gone).toMatchObject({ end: "final", status: "failed", reason: "unavailable" });
  expect(faultOfAbsent(gone, task("results_unavailable"))).toBeNull();
  for (const noFetch of [null, "job_lost", "ended"] as const) {
    expect(faultOfAbsent(gone, task(noFetch))).toMatch(
      /is failed \(unavailable\), and no line came of a job/,
    );
    expect(faultOfAbsent(rowOf(task(noFetch)), task("results_unavailable"))).toContain("results_unavailable");
  }
});
