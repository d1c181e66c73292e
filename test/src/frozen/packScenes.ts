import { demand } from "./frozenScene.ts";
import type { FrozenScene } from "./frozenScene.ts";
import type { FrozenStage } from "./frozenStage.ts";
import { oneJob } from "./frozenWork.ts";

const PACKER = "packAccount";

/** A packer stands still amid its task, and another one packs the same slices. */
export const PACK_SCENES: readonly FrozenScene[] = [
  {
    name: "a packer stopped between task inserted and slices placed, which wait again when it is woken",
    provider: "openai",
    situation: oneJob("openai"),
    secondJobs: 0,
    async play(stage) {
      const first = stage.start({ failpoint: "P1.task-inserted:stop" });
      await first.stands("P1.task-inserted");
      const [zombie] = await stage.tasks();
      demand(zombie !== undefined, "there is a task");
      const second = stage.start({ failpoint: "P1.slices-placed:stop" });
      await second.stands("P1.slices-placed");
      const third = stage.start({ failpoint: "P1.slices-unplaced:stop" });
      await third.stands("P1.slices-unplaced");
      demand((await stateOf(stage, zombie.id)) === "void", "the first one's task is void");
      // Nobody else is awake: what it wants to place is there for the taking.
      first.goesOn();
      await first.says("wrote P1.slices-placed\n");
      await first.isOutrun(PACKER);
      demand((await placedIn(stage, zombie.id)) > 0, "slices lie in the void task");
      first.process.kill("SIGTERM");
      second.goesOn();
      third.goesOn();
      await stage.sees(
        "the void task has given its slices back",
        async () => (await placedIn(stage, zombie.id)) === 0,
      );
      return "it placed slices in a void task, whose next turn gave them back";
    },
  },
  outrun("P1.slices-placed", "placed and manifest written"),
  outrun("P1.manifest-put", "placed and sealed"),
];

function outrun(point: string, between: string): FrozenScene {
  return {
    name: `a packer stopped between slices ${between}`,
    provider: "openai",
    situation: oneJob("openai"),
    secondJobs: 0,
    async play(stage) {
      const first = stage.start({ failpoint: `${point}:stop` });
      await first.stands(point);
      const [zombie] = await stage.tasks();
      demand(zombie !== undefined, "there is a task");
      stage.start();
      await stage.sees("another has created a job of the same slices", async () =>
        (await stage.ledger()).some(({ kind }) => kind === "create"),
      );
      demand((await stateOf(stage, zombie.id)) === "void", "the first one's task is void");
      first.goesOn();
      await first.isOutrun(PACKER);
      demand((await stateOf(stage, zombie.id)) === "void", "the first one's task stays void");
      demand(!first.hasSaid("wrote P1.sealed"), "the woken one seals nothing");
      return "its task was void, and it sealed nothing";
    },
  };
}

async function stateOf(stage: FrozenStage, id: string): Promise<string | undefined> {
  return (await stage.tasks()).find((task) => task.id === id)?.state;
}

async function placedIn({ workspace }: FrozenStage, taskId: string): Promise<number> {
  const slices = await workspace.store.slicesOf({ taskId }, { limit: 500 });
  return slices.filter(({ state }) => state === "placed").length;
}
