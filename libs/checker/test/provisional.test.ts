/** A job that is only taken for a task's, because its provider shows no tags (V7, V8). */
import type { TaskDoc, TaskJob } from "@granary/domain";
import { expect, test } from "vitest";
import { ACCOUNT, NOW, taskOf } from "./documents.ts";
import { finishedWorld, SHARED } from "./finishedWorld.ts";
import type { FinishedWorld } from "./finishedWorld.ts";
import { found, of } from "./found.ts";
import { endedJob } from "./jobList.ts";

const ID = "grtest-pppppppppppppppppppp";

const guess = (jobId: string): TaskJob => ({
  jobId,
  how: "provisional",
  seenAt: 2_000,
  cancelAskedAt: null,
  closedAt: null,
  costMicros: null,
});

/** A finished world, and a task in it whose job, of another's, was taken for its own. */
async function guessedWorld(with_: Partial<TaskDoc> = {}): Promise<FinishedWorld> {
  const world = await finishedWorld();
  const task = taskOf(ID, "running", {
    attempt: 1,
    jobs: [guess("batch_0")],
    holds: `${ACCOUNT}/batch_0`,
    view: {
      jobId: "batch_0",
      rawStatus: "in_progress",
      status: "running",
      counts: null,
      createdAt: 1_000,
      expiresAt: null,
      terminalAt: null,
      missingSince: null,
      errors: [],
    },
    ...with_,
  });
  await world.insert("task", task, []);
  return world;
}

test("V8 says nothing of a job whose owner its results have yet to tell, nor of the true one meanwhile", async () => {
  await using world = await guessedWorld();
  world.jobs.push(endedJob("batch_p", ID, { createdAt: 1_000 }));
  world.ledger.push({ jobId: "batch_p", tag: ID, at: 1_000 });
  expect(of("V7", await world.check({ quiet: false }))).toEqual([]);
  expect(of("V8", await world.check({ quiet: false }))).toEqual([]);
});

test("V7 and V8 name the true job, beside a task that took another one for it, once all is quiet", async () => {
  await using world = await guessedWorld();
  world.jobs.push(endedJob("batch_p", ID));
  world.ledger.push({ jobId: "batch_p", tag: ID });
  const report = await world.check();
  expect(of("V7", report).map(({ id }) => id)).toEqual(["batch_p"]);
  expect(of("V8", report).map(({ id }) => id)).toEqual(["batch_p"]);
});

test("V7 does not count a guess beside the job that has come in its place", async () => {
  const created: TaskJob = { ...guess("batch_p"), how: "created" };
  await using world = await guessedWorld({ jobs: [guess("batch_0"), created] });
  world.jobs.push(endedJob("batch_p", ID));
  world.ledger.push({ jobId: "batch_p", tag: ID });
  const report = await world.check({ quiet: false });
  expect([...of("V7", report), ...of("V8", report)]).toEqual([]);
});

test.each(["planned", "harvesting", "settling"] as const)(
  "V8 names a job that was never confirmed, of a task that is %s",
  async (state) => {
    await using world = await guessedWorld({ state, view: null, dueAt: NOW });
    for (const quiet of [true, false])
      expect(of("V8", await world.check({ quiet }))).toMatchObject([
        { id: "batch_0", task: ID, account: ACCOUNT, message: expect.stringContaining(state) as string },
      ]);
  },
);

test("V8 names a job that was never confirmed, of a task that has ended by its lines", async () => {
  await using world = await finishedWorld();
  await world.forge("task", SHARED, ({ jobs }) => ({
    jobs: jobs.map((job): TaskJob => (job.how === "surplus" ? job : { ...job, how: "provisional" })),
  }));
  const report = await world.check();
  expect(found(report)).toEqual(["V8 batch_1"]);
  expect(of("V8", report)[0]?.message).toBe(
    `is held by ${SHARED}, which is ended, and was never confirmed to be its own`,
  );
});
