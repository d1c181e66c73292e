import { changeTask, FAST, FILE_TRIES, ProviderTrouble } from "@granary/domain";
import type { TaskDoc } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { brokenLine, START, TASK } from "./documents.ts";
import { answers, harvest, rigWith } from "./endedJob.ts";
import type { Ended } from "./endedJob.ts";
import type { Rig } from "./rig.ts";

const FILE = { id: "file_in", expiresAt: null };
const WHOLE: Ended = { results: answers(3), errors: [brokenLine(3)], policy: "remove", task: { file: FILE } };
const ALL = ["file_in", "file_r", "file_e"];

const trouble = (why: ProviderTrouble["why"], code: string) => new ProviderTrouble(why, code, "no");
const due = async (rig: Rig): Promise<number | null> => (await rig.doc("task", TASK)).dueAt;

/** Turns of the harvester, each when the task is due, until it is not due any more. */
async function untilOver(rig: Rig): Promise<TaskDoc> {
  for (let turns = 0; turns < 20; turns += 1) {
    const dueAt = await due(rig);
    if (dueAt === null) return rig.doc("task", TASK);
    await harvest(rig, Math.max(0, dueAt - rig.now()));
  }
  throw new Error("it is due for ever");
}

describe("files at the provider", () => {
  it("are removed once the task has ended and all of them lies here, in a step that may be repeated", async () => {
    const rig = await rigWith(WHOLE);
    const ended = await harvest(rig);
    expect(ended).toMatchObject({
      state: "ended",
      raw: [{ fileId: "file_r" }, { fileId: "file_e" }],
      files: { tries: 0, closedAt: null, outcome: null },
      dueAt: START,
    });
    expect(rig.provider.removed).toEqual([]);
    expect(await harvest(rig)).toMatchObject({
      state: "ended",
      files: { tries: 0, closedAt: START, outcome: "removed" },
      dueAt: null,
    });
    expect(rig.provider.removed).toEqual(ALL);
    expect(rig.told).toEqual([]);
  });

  it.each(["keep", "expire"] as const)("are left alone where the account says %s", async (policy) => {
    const rig = await rigWith({ ...WHOLE, policy });
    expect((await harvest(rig)).files).toBeUndefined();
    expect([await due(rig), rig.provider.removed]).toEqual([null, []]);
  });

  it("are left alone where a line lacks, though the task has ended", async () => {
    const rig = await rigWith({ ...WHOLE, errors: [], hidden: 1 });
    await harvest(rig);
    const ended = await harvest(rig, 2_000);
    expect(ended).toMatchObject({ state: "ended", raw: [{ lines: 3 }], dueAt: null });
    expect(ended.files).toBeUndefined();
    expect(rig.provider.removed).toEqual([]);
  });

  it("are left alone where a line came and cannot be read: there it may be whole", async () => {
    const torn = `{"custom_id":"${TASK}-3","resp`;
    const rig = await rigWith({ ...WHOLE, results: [...answers(3), torn], errors: [] });
    expect(await harvest(rig)).toMatchObject({ state: "ended", verdicts: { lacking: 1 }, dueAt: null });
    expect(rig.provider.removed).toEqual([]);
  });

  it("that a process did not live to remove are removed by the next one", async () => {
    const rig = await rigWith(WHOLE);
    await harvest(rig);
    let dies = true;
    rig.provider.beforeRemoval = async (fileId) => {
      if (fileId !== "file_e" || !dies) return;
      dies = false;
      throw new Error("the process dies here");
    };
    expect(await harvest(rig)).toMatchObject({ files: { tries: 0, closedAt: null } });
    expect(await untilOver(rig)).toMatchObject({ files: { closedAt: rig.now(), outcome: "removed" } });
    // Those that were gone are asked for once more.
    expect(rig.provider.removed).toEqual(["file_in", "file_r", ...ALL]);
  });

  it("that the provider does not remove are tried again after longer and longer pauses, and then left", async () => {
    const rig = await rigWith(WHOLE);
    await harvest(rig);
    rig.provider.beforeRemoval = async () => Promise.reject(trouble("unavailable", "500"));
    const pauses: number[] = [];
    for (let tries = 1; tries < FILE_TRIES; tries += 1) {
      expect(await harvest(rig, Math.max(0, (await due(rig))! - rig.now()))).toMatchObject({
        files: { tries, closedAt: null },
        strikes: 0,
      });
      pauses.push((await due(rig))! - rig.now());
    }
    expect(pauses).toEqual([8, 16, 32, 64].map((polls) => polls * FAST.pollMinMs));
    expect(await untilOver(rig)).toMatchObject({ files: { closedAt: rig.now(), outcome: "left" } });
    expect(rig.told).toHaveLength(FILE_TRIES);
  });

  it("that the provider will never remove are left at once", async () => {
    const rig = await rigWith(WHOLE);
    await harvest(rig);
    rig.provider.beforeRemoval = async () => Promise.reject(trouble("request", "400"));
    expect(await harvest(rig)).toMatchObject({ files: { closedAt: START, outcome: "left" }, dueAt: null });
  });

  it("wait for a second job to be closed, which may still read them", async () => {
    const rig = await rigWith(WHOLE);
    await harvest(rig);
    const seen = { type: "job", jobId: "batch_2", at: START, how: "adopted" } as const;
    await rig.store.signal("task", [TASK], seen);
    expect(await rig.turn("harvestTask")).toBe(0);
    const held = await rig.doc("task", TASK);
    const closed = changeTask(held, { type: "closeSurplus", jobId: "batch_2", at: START, costMicros: 0 })!;
    await rig.store.save("task", held, closed.next, { asOwner: false });
    expect(await harvest(rig)).toMatchObject({ files: { outcome: "removed" } });
  });

  it("do not keep a replay waiting, which reads what lies here", async () => {
    const rig = await rigWith(WHOLE);
    await harvest(rig);
    rig.provider.beforeRemoval = async () => Promise.reject(trouble("unavailable", "500"));
    await harvest(rig);
    await rig.store.signal("task", [TASK], { type: "again", n: 1 });
    expect(await harvest(rig)).toMatchObject({
      again: null,
      revisions: [{ revision: 1 }],
      files: { tries: 1 },
    });
    rig.provider.beforeRemoval = async () => {};
    expect(await untilOver(rig)).toMatchObject({ files: { outcome: "removed" } });
  });
});
