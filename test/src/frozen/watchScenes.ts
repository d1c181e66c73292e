import type { FrozenScene } from "./frozenScene.ts";
import type { FrozenStage, Struck } from "./frozenStage.ts";
import { longJob, lostJob, unluckyJob } from "./frozenWork.ts";
import type { Situation } from "../crash/situations.ts";

/** A harvester or a sweeper stands still with work in hand, beyond its lease, and another one does it. */
export const WATCH_SCENES: readonly FrozenScene[] = [
  outrun("a harvester stopped between verdicts and apply", {
    struck: { failpoint: "P5.committed:stop" },
    place: "P5.committed",
    worker: "harvestTask",
    situation: unluckyJob("openai"),
    until: firstTaskEnded,
    seen: "another had applied the same verdicts: what it wrote was there, and it lost its lease",
  }),
  outrun("a harvester stopped amid a download", {
    struck: { hold: "download" },
    place: "download",
    worker: "harvestTask",
    situation: unluckyJob("openai"),
    until: firstTaskEnded,
    seen: "another had brought the file: what lay there stood, and it lost its lease",
  }),
  outrun("a sweeper stopped with a listing that was taken before the job", {
    struck: { hold: "empty-list" },
    place: "empty-list",
    worker: "sweepAccount",
    situation: lostJob("openai"),
    until: lostCreateIsLookedFor,
    seen: "its old listing proved nothing about a create that was looked for: it lost its lease",
  }),
  outrun("a sweeper stopped with a listing in which the job was at work", {
    struck: { hold: "list" },
    place: "list",
    worker: "sweepAccount",
    situation: longJob("openai"),
    until: firstTaskEnded,
    seen: "its old listing took nothing back from a task that had ended: it lost its lease",
  }),
];

function outrun(
  name: string,
  scene: {
    readonly struck: Struck;
    readonly place: string;
    /** Whose lease it loses. */
    readonly worker: string;
    readonly situation: Situation;
    readonly until: (stage: FrozenStage) => Promise<boolean>;
    readonly seen: string;
  },
): FrozenScene {
  return {
    name,
    provider: "openai",
    situation: scene.situation,
    secondJobs: 0,
    async play(stage) {
      const first = stage.start(scene.struck);
      await first.stands(scene.place);
      stage.start();
      await stage.sees("another has done it", async () => scene.until(stage));
      first.goesOn();
      await first.isOutrun(scene.worker);
      return scene.seen;
    },
  };
}

async function firstTaskEnded(stage: FrozenStage): Promise<boolean> {
  return (await stage.tasks()).some(({ state }) => state === "ended");
}

/** There is a job, its task does not know of it, and another sweeper has recorded passes. */
async function lostCreateIsLookedFor(stage: FrozenStage): Promise<boolean> {
  const task = (await stage.tasks()).find(({ state }) => state === "unknown");
  if (!task) return false;
  const sweep = await stage.workspace.store.load("sweep", task.account);
  return sweep !== undefined && sweep.seq > 0;
}
