import type { Dialect, FilePolicy, JobStatus, RequestDoc, TaskDoc, VerdictRow } from "@granary/domain";
import { aJob, answerLine, aRequest, aSlice, TASK, workOf } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

export interface Ended {
  readonly status?: JobStatus;
  readonly results?: readonly string[];
  readonly errors?: readonly string[];
  /** Lines the provider counts beyond those it shows. */
  readonly hidden?: number;
  /** Lines among the results that are counted as failed. */
  readonly failedAmong?: number;
  readonly dialect?: Dialect;
  readonly policy?: FilePolicy;
  readonly items?: number;
  readonly request?: Partial<RequestDoc>;
  readonly task?: Partial<TaskDoc>;
}

const file = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** One request of four items in a task of its own, whose job ended so. */
export async function rigWith({
  status = "completed",
  results = [],
  errors = [],
  hidden = 0,
  failedAmong = 0,
  dialect,
  policy,
  items = 4,
  request = {},
  task = {},
}: Ended): Promise<Rig> {
  const rig = await openRig(dialect, policy);
  rig.provider.files.set("file_r", file(results)).set("file_e", file(errors));
  const job = aJob(status, {
    counts: {
      total: items,
      completed: results.length + hidden - failedAmong,
      failed: errors.length + failedAmong,
    },
    files: {
      ...(results.length > 0 ? { results: "file_r" } : {}),
      ...(errors.length > 0 ? { errors: "file_e" } : {}),
    },
  });
  rig.provider.job = job;
  await rig.put(workOf([aRequest("rqaaaa", items, request)], [aSlice("rqaaaa", 0, items)], job, task));
  return rig;
}

/** The task after one more turn of the harvester, this much later. */
export const harvest = async (rig: Rig, ms = 0): Promise<TaskDoc> => {
  rig.move(ms);
  await rig.turn("harvestTask");
  return rig.doc("task", TASK);
};
export const answers = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => answerLine(from + at, `answer ${from + at}`));
/** The rows of a task's verdicts, as they were written. */
export const rowsOf = async (rig: Rig, task: TaskDoc): Promise<readonly VerdictRow[]> =>
  (await rig.lines(task.verdicts?.path ?? "")) as VerdictRow[];
/** How each line ended, in the order of the lines. */
export const endsOf = async (rig: Rig, task: TaskDoc): Promise<readonly string[]> =>
  (await rowsOf(rig, task))
    .toSorted((a, b) => a.line - b.line)
    .map(({ end, status, reason }) => `${end} ${reason ?? status}`);
