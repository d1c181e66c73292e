/** An account whose provider shows no tags, and jobs on it that only time, lines and results tell apart. */
import type { Intent, JobSnapshot, TaskDoc } from "@granary/domain";
import { customId } from "@granary/domain";
import { anthropicDialect } from "@granary/providers";
import { ACCOUNT, aJob, aTask, overJob, tag } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

export const ID = tag("a");
export const OTHER = tag("b");

/** A task whose create, with its lines in its body, was not answered. */
export function lostTask(name: string, intent: Partial<Intent> = {}): TaskDoc {
  const task = aTask(name, "unknown");
  if (!task.intent) throw new Error(`${task.id} has no intent`);
  return { ...task, file: null, intent: { ...task.intent, fileId: null, ...intent } };
}

/** A rig with these tasks, by their names. */
export async function hiddenRig(...names: readonly string[]): Promise<Rig> {
  const rig = await openRig({}, { dialect: anthropicDialect() });
  for (const name of names) await rig.store.insertOnce("task", lostTask(name));
  return rig;
}

/** A job at work, as such a listing shows it: ten lines, and nothing that says whose. */
export const bareJob = (jobId: string, with_: Partial<JobSnapshot> = {}): JobSnapshot =>
  aJob(jobId, { inputFileId: null, ...with_ });

/** The job once it is over, with results of these custom ids. */
export function endJob({ provider }: Rig, jobId: string, customIds: readonly string[]): void {
  const fileId = `results_${jobId}`;
  const lines = customIds.map((id) => JSON.stringify({ custom_id: id, result: { type: "canceled" } }));
  provider.files.set(fileId, lines);
  const over = (job: JobSnapshot): JobSnapshot =>
    overJob(jobId, { inputFileId: null, createdAt: job.createdAt, files: { results: fileId } });
  provider.jobs = provider.jobs.map((job) => (job.jobId === jobId ? over(job) : job));
}

export const linesOf = (taskId: string, count = 10): readonly string[] =>
  Array.from({ length: count }, (_, line) => customId(taskId, line));

/** Custom ids as somebody else would choose them. */
export const foreignLines = (count = 10): readonly string[] =>
  Array.from({ length: count }, (_, line) => `request-${line}`);

/** One pass over the account's jobs, and what the monitor makes of it. */
export async function pass(rig: Rig, times = 1): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    rig.move(1_200);
    if ((await rig.turn("sweepAccount")) !== 1) throw new Error("no pass was due");
    await rig.turn("watchTask", 5);
  }
}

/** The same task once its only candidate is held provisionally. */
export async function guessedRig(): Promise<Rig> {
  const rig = await hiddenRig("a");
  rig.provider.jobs = [bareJob("job_1")];
  await pass(rig, 2);
  const { state, jobs } = await rig.doc("task", ID);
  if (state !== "running" || jobs[0]?.how !== "provisional") throw new Error(`the task is ${state}`);
  return rig;
}

/** Jobs the last pass thought might be the task's. */
export const candidatesOf = async (rig: Rig, taskId = ID): Promise<readonly string[]> =>
  (await rig.doc("sweep", ACCOUNT)).candidates?.[taskId] ?? [];
