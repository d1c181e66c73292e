/** A script's job of three lines, and commands that adopt it. */
import type { JobSnapshot, RequestDoc, TaskDoc } from "@granary/domain";
import { readLines } from "@granary/providers";
import { ACCOUNT, command, JOB, MODEL, openRig, START } from "./rig.ts";
import type { Rig, RigOptions } from "./rig.ts";

export const HOUR_MS = 3_600_000;

/** Lines of a script, as items under its own ids. */
export const lines = (count: number, text = "Hi") =>
  Array.from({ length: count }, (_, at) => ({
    key: `script-${at}`,
    body: { model: MODEL, messages: [{ role: "user", content: text }] },
  }));

/** An adopt command for `batch_1`, with what a test is about on top. */
export const adopt = (with_: Record<string, unknown> = {}) => {
  const data = {
    source: "shop",
    provider: "openai",
    jobId: "batch_1",
    model: MODEL,
    items: lines(3),
    ...with_,
  };
  return command(
    "adopt",
    Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)),
  );
};

const aJob = (with_: Partial<JobSnapshot> = {}): JobSnapshot => ({
  ...JOB,
  jobId: "batch_1",
  status: "running",
  counts: { total: 3, completed: 1, failed: 0 },
  createdAt: START - HOUR_MS,
  ...with_,
});

/** A rig whose account has one job of a script's, and nothing else. */
export async function rigWithJob(with_: Partial<JobSnapshot> = {}, options: RigOptions = {}): Promise<Rig> {
  const rig = await openRig(options);
  const job = aJob(with_);
  rig.provider.get = async (jobId) => (jobId === job.jobId ? job : null);
  return rig;
}

export const requestOf = async (rig: Rig, requestId = "adopt-batch_1"): Promise<RequestDoc> => {
  const [request] = await rig.store.requests({ source: "shop", requestId }, { limit: 1 });
  if (!request) throw new Error(`nobody asked for ${requestId}`);
  return request;
};

/** The rows of a task's manifest. */
export async function manifestOf(
  rig: Rig,
  { manifest }: TaskDoc,
): Promise<readonly Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of readLines(rig.deps.artifacts.read(manifest?.path ?? "")))
    rows.push(...batch.map(({ text }) => JSON.parse(text ?? "null") as Record<string, unknown>));
  return rows;
}

/** Everything the packer could do, long after. */
export async function pack(rig: Rig): Promise<void> {
  rig.move(HOUR_MS);
  await rig.store.signal("account", [ACCOUNT], { type: "wake" });
  await rig.turn("packAccount");
  while ((await rig.turn("submitTask")) > 0);
}
