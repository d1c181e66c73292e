import { expect, it } from "vitest";
import { byInputFile } from "../src/byInputFile.ts";
import { ACCOUNT, aJob, aTask, tag } from "./documents.ts";
import { openRig } from "./rig.ts";

it("a job that shows no tag is adopted by the attempt that was made with its input file", async () => {
  const rig = await openRig();
  await rig.store.insertOnce("task", aTask("a", "unknown"));
  rig.provider.jobs = [aJob("other"), aJob("lost", { inputFileId: "file_a" })];
  expect(await rig.turn("sweepAccount")).toBe(1);
  expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ foreign: { jobs: 1 }, orphans: [] });
  expect((await rig.doc("task", tag("a"))).jobs).toMatchObject([{ jobId: "lost", how: "adopted" }]);
});

it("so is one whose file was revoked meanwhile: the attempt is not given up", async () => {
  const rig = await openRig({ quietMs: 1_000 });
  await rig.store.insertOnce("task", aTask("a", "unknown"));
  for (let pass = 0; pass < 6 && rig.provider.removed.length === 0; pass += 1) {
    rig.move(1_200);
    await rig.turn("sweepAccount");
    await rig.turn("watchTask");
  }
  expect(rig.provider.removed).toEqual(["file_a"]);
  rig.provider.jobs = [aJob("late", { inputFileId: "file_a" })];
  for (let pass = 0; pass < 4; pass += 1) {
    rig.move(1_200);
    await rig.turn("sweepAccount");
    await rig.turn("watchTask");
  }
  expect(await rig.doc("task", tag("a"))).toMatchObject({
    state: "running",
    attempt: 1,
    jobs: [{ jobId: "late", how: "adopted" }],
  });
});

it("a tag that is shown stands, and files of tasks that run already are nobody's", async () => {
  const rig = await openRig();
  await rig.store.insertOnce("task", aTask("a", "unknown"));
  await rig.store.insertOnce("task", aTask("b", "running"));
  const jobs = [
    aJob("1", { tag: tag("z"), inputFileId: "file_a" }),
    aJob("2", { inputFileId: "file_b" }),
    aJob("3", { inputFileId: null }),
    aJob("4", { inputFileId: "file_a" }),
  ];
  expect((await byInputFile(rig.deps, ACCOUNT, jobs)).map((job) => job.tag)).toEqual([
    tag("z"),
    null,
    null,
    tag("a"),
  ]);
  expect((await byInputFile(rig.deps, "openai:other", jobs)).map((job) => job.tag)).toEqual([
    tag("z"),
    null,
    null,
    null,
  ]);
});
