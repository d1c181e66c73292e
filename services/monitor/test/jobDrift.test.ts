import { newHead } from "@granary/domain";
import type { Worker } from "@granary/runtime";
import { claim, driftNotes, runStep } from "@granary/runtime";
import { expect, it } from "vitest";
import { monitor } from "../src/index.ts";
import { ACCOUNT, aJob, aTask, START, tag } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { WorkerName } from "./rig.ts";

async function driftingRig() {
  const rig = await openRig();
  const counts = new Map<string, number>();
  const drift = driftNotes({
    ...rig.deps,
    count({ provider, object, field }, times) {
      const name = `${provider} ${object} ${field}`;
      counts.set(name, (counts.get(name) ?? 0) + times);
    },
  });
  const deps = { ...rig.deps, drift };
  const { workers, ensure } = monitor(deps);
  const head = newHead({ id: ACCOUNT, by: "n", dueAt: START });
  await rig.store.insertOnce("account", {
    ...head,
    account: ACCOUNT,
    state: "open",
    pauses: {},
    learned: {},
  });
  await rig.store.insertOnce("task", aTask("a", "running"));
  await ensure();
  const turn = async (name: WorkerName): Promise<void> => {
    const worker = workers.find((candidate) => candidate.name === name) as Worker;
    for (const doc of await claim(deps, worker, 1))
      await runStep(deps, worker, doc, new AbortController().signal);
  };
  return { ...rig, turn, counts };
}

it("a status or a field that nobody knows is counted wherever a job is looked at, told once, and changes nothing else", async () => {
  const rig = await driftingRig();
  const odd = { tag: tag("a"), status: "other", rawStatus: "paused", drift: ["vibe"] } as const;
  rig.provider.jobs = [aJob("batch_a", odd), aJob("batch_x", { ...odd, tag: null, rawStatus: 'up"}\n' })];
  await rig.turn("watchTask");
  await rig.turn("sweepAccount");
  expect([...rig.counts]).toEqual([
    ["openai job vibe", 3],
    ["openai job status=paused", 2],
    ["openai job status=up?", 1],
  ]);
  expect((await rig.facts()).toSorted()).toEqual(Array(3).fill("provider.schema_drift"));
  expect(await rig.doc("task", tag("a"))).toMatchObject({ state: "running", view: { rawStatus: "paused" } });
});

it("jobs of which all is known are not noted", async () => {
  const rig = await driftingRig();
  rig.provider.jobs = [aJob("batch_a", { tag: tag("a") })];
  await rig.turn("watchTask");
  await rig.turn("sweepAccount");
  expect([rig.counts.size, await rig.facts()]).toEqual([0, []]);
});
