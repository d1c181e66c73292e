import { expect } from "vitest";
import { aTask, many } from "./documents.ts";
import { startRival } from "./rivals.ts";
import { storeAt } from "./storeAt.ts";

const RIVALS = ["a", "b", "c"];

/** Three processes make the tables at once, share out tasks, and write onto one document together. */
export async function runRivals(place: string): Promise<void> {
  const rivals = RIVALS.map((name) => startRival("rivalProcess.ts", place, name));
  try {
    for (const rival of rivals) expect(await rival.line()).toBe("ready");
    const store = await storeAt(place);
    const ids = many(90, (at) => `t${String(at).padStart(2, "0")}`);
    for (const id of ids) await store.insertOnce("task", aTask({ id }));
    await store.insertOnce("task", aTask({ id: "shared", state: "running", dueAt: 4e12 }));

    for (const rival of rivals) rival.go();
    const ended: string[][] = [];
    for (const rival of rivals) ended.push(JSON.parse(await rival.line()) as string[]);

    expect(ended.flat().toSorted()).toEqual(ids);
    const tasks = await store.loadMany("task", ids);
    expect(tasks).toHaveLength(ids.length);
    expect(
      tasks.every(({ claim, version, priority }) => claim === 1 && version === 2 && priority === 1),
    ).toBe(true);
    const shared = await store.load("task", "shared");
    const jobs = RIVALS.flatMap((name) => many(10, (at) => `${name}-${at}`));
    expect(shared).toMatchObject({ priority: 30, version: 1 + 30 + 30 });
    expect(shared?.jobs.map(({ jobId }) => jobId).toSorted()).toEqual(jobs);
    await store.close();
  } finally {
    for (const rival of rivals) await rival.kill();
  }
}
