import { checkerFaults, secondJobs, wrongEnds } from "../crash/proveCrashSite.ts";
import { isIdle } from "../crash/runCell.ts";
import { openRig } from "../e2e/rig.ts";
import { inLanes } from "./inLanes.ts";
import type { FrozenScene } from "./frozenScene.ts";
import type { FrozenStage } from "./frozenStage.ts";
import { lastWords, openFrozenStage } from "./frozenStage.ts";

/** Scenes at the same time: they mostly wait for leases, passes and the quiet period. */
const LANES = 9;

/** What came of a scene. */
export interface SceneOutcome {
  readonly scene: FrozenScene;
  /** In a sentence; empty where the scene did not come so far. */
  readonly seen: string;
  readonly faults: readonly string[];
  readonly ms: number;
}

/** Plays scenes, some at a time; `say` hears of each as it ends. */
export async function runScenes(
  scenes: readonly FrozenScene[],
  say: (outcome: SceneOutcome) => void,
): Promise<readonly SceneOutcome[]> {
  return inLanes(scenes, LANES, async (scene) => {
    const outcome = await runScene(scene);
    say(outcome);
    return outcome;
  });
}

/** Plays a scene, waits until nothing is left to do, with nobody's hand in it, and proves what there is then. */
async function runScene(scene: FrozenScene): Promise<SceneOutcome> {
  const startedAt = performance.now();
  const rig = await openRig();
  const faults: string[] = [];
  let seen = "";
  try {
    const stage = await openFrozenStage(rig, scene.provider, scene.situation);
    seen = await scene.play(stage);
    await stage.sees("nothing is left to do", async () => isIdle(stage.workspace.store));
    faults.push(...(await stopped(stage)), ...(await proven(stage, scene)));
    if (faults.length > 0) faults.push(...stage.replicas.map(({ process }) => lastWords(process)));
  } catch (error) {
    faults.push((error as Error).stack ?? String(error));
  } finally {
    await rig.close();
  }
  return { scene, seen, faults, ms: Math.round(performance.now() - startedAt) };
}

async function stopped({ replicas }: FrozenStage): Promise<readonly string[]> {
  for (const { process } of replicas) process.kill("SIGTERM");
  const exits = await Promise.all(replicas.map(async ({ process }) => process.finish()));
  const ended = exits.flatMap(({ code, signal, stdout }) =>
    code === 0 || (signal === "SIGKILL" && stdout.includes("struck P3.created\n"))
      ? []
      : [`a replica ended with ${code ?? signal}`],
  );
  const unnamed = exits.flatMap(({ stdout }) =>
    stdout.split("\n").filter((line) => line.startsWith("unnamed ")),
  );
  return [...ended, ...unnamed];
}

async function proven(
  { workspace, simulatorFolder }: FrozenStage,
  scene: FrozenScene,
): Promise<readonly string[]> {
  const faults = [...(await checkerFaults({ workspace, simulatorFolder, factFaults: null }))];
  const second = (await secondJobs(simulatorFolder)).reduce((sum, { jobs }) => sum + jobs - 1, 0);
  if (second !== scene.secondJobs) faults.push(`the ledger has ${second} second jobs`);
  return [...faults, ...(await wrongEnds(workspace.store, scene.situation))];
}
