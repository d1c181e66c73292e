import { applySignal } from "@granary/domain";
import type { OperatorVerdict } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { aJob, aTask, START, tag } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

const ID = tag("a");
const VERDICT = { at: START, by: "ada", attempt: 1, note: "" };
const NOT_CREATED: OperatorVerdict = { ...VERDICT, says: "not_created", jobId: null };

/** A task that runs with a job it only guesses to be its own. */
async function rigWithGuess(): Promise<Rig> {
  const rig = await openRig();
  const guess = { type: "job", jobId: "batch_guess", at: START, how: "provisional" } as const;
  await rig.store.insertOnce("task", applySignal("task", aTask("a", "unknown"), guess));
  rig.provider.jobs = [aJob("batch_mine"), aJob("batch_guess")];
  await rig.turn("watchTask");
  expect(await rig.doc("task", ID)).toMatchObject({ state: "running", view: { jobId: "batch_guess" } });
  return rig;
}

async function say(rig: Rig, verdict: OperatorVerdict): Promise<void> {
  await rig.store.signal("task", [ID], { type: "operator", verdict });
}

describe("an operator's word", () => {
  it("that no job came gives the attempt up at once, without passes or a quiet period", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "unknown"));
    await say(rig, NOT_CREATED);
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "planned", intent: null, attempt: 1 });
    expect(rig.provider.removed).toEqual(["file_a"]);
    expect(rig.told).toContain("attempt given up on an operator's word");
  });

  it("that no job came lets go of one that is held on a guess, and leaves it alone", async () => {
    const rig = await rigWithGuess();
    await say(rig, NOT_CREATED);
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "unknown",
      jobs: [],
      mistaken: ["batch_guess"],
      lastError: { code: "not_our_job" },
    });
    expect(rig.told).toContain("job let go on an operator's word");
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "planned", verdictsOfOperators: [NOT_CREATED] });
    expect(rig.provider.cancelled).toEqual([]);
  });

  it("that another job is the one puts it in the place of the guess, which is left alone", async () => {
    const rig = await rigWithGuess();
    await say(rig, { ...VERDICT, says: "attached", jobId: "batch_mine" });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      holds: "openai:simulated/batch_mine",
      view: { jobId: "batch_mine" },
      jobs: [{ jobId: "batch_mine", how: "adopted" }],
      mistaken: ["batch_guess"],
    });
    expect(rig.provider.cancelled).toEqual([]);
  });
});
