import { expect, test } from "vitest";
import { CREATE_SCENES } from "../src/frozen/createScenes.ts";
import { PACK_SCENES } from "../src/frozen/packScenes.ts";
import { runScenes } from "../src/frozen/runScenes.ts";
import { WATCH_SCENES } from "../src/frozen/watchScenes.ts";

/** The first one takes a minute by itself: a void task is looked at that often. */
const SCENES = [...PACK_SCENES, ...CREATE_SCENES, ...WATCH_SCENES];

test("replicas that stand still at bad moments and go on when others have done their work do no harm", async () => {
  const outcomes = await runScenes(SCENES, ({ scene, seen, faults, ms }) =>
    console.log(`${scene.name}: ${faults.length === 0 ? seen : "NOT CLEAN"} (${ms} ms)`),
  );
  expect(outcomes.flatMap(({ scene, faults }) => faults.map((fault) => `${scene.name}: ${fault}`))).toEqual(
    [],
  );
  expect(outcomes.filter(({ seen }) => seen !== "").length).toBe(SCENES.length);
}, 600_000);
