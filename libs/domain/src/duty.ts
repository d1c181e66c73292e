import type { DocOf, Kind, RequestDoc, Role, TaskDoc } from "./documents.ts";
import { hasFilesToRemove } from "./providerFiles.ts";

/**
 * Whose turn it is on a document: the one role whose due loop claims it. Null where nobody has anything to do.
 * Written beside every document by the store, so that a claim is one indexed look.
 */
export function dutyOf<K extends Kind>(kind: K, doc: DocOf[K]): Role | null;
export function dutyOf(kind: Kind, doc: DocOf[Kind]): Role | null {
  switch (kind) {
    case "request":
      return dutyOfRequest(doc as RequestDoc);
    case "task":
      return dutyOfTask(doc as TaskDoc);
    case "account":
      return "submitter";
    case "sweep":
      return "monitor";
  }
}

function dutyOfRequest({ state }: RequestDoc): Role | null {
  switch (state) {
    case "accepted":
      return "submitter";
    case "running":
      return "monitor";
    case "closing":
      return "harvester";
    case "ended":
      return null;
  }
}

function dutyOfTask(task: TaskDoc): Role | null {
  switch (task.state) {
    case "packing":
    case "planned":
    case "submitting":
      return "submitter";
    case "void":
      // A job of a void task can only be found after a restore: closing it comes before the task's own end.
      return hasOpenSurplus(task) ? "monitor" : "submitter";
    case "unknown":
    case "running":
      return "monitor";
    case "harvesting":
    case "settling":
      return "harvester";
    case "ended":
      if (task.again || task.revisions.some((revision) => revision.appliedAt === null)) return "harvester";
      if (hasOpenSurplus(task)) return "monitor";
      return hasFilesToRemove(task) ? "harvester" : null;
  }
}

/** Whether a second provider job for this task's work is not yet known to be over. */
export function hasOpenSurplus(task: Pick<TaskDoc, "jobs">): boolean {
  return task.jobs.some((job) => job.how === "surplus" && job.closedAt === null);
}
