import type { Adoption, ArtifactRef, RequestDoc, TaskDoc } from "./documents.ts";
import { poolKey } from "./ids.ts";
import type { Carried } from "./task.ts";
import { changeTask, newTask } from "./taskEvolve.ts";
import type { Change } from "./taskEvolve.ts";

/** What a task that adopts a job is made of. */
export interface AdoptingTask {
  /** See adoptionTaskId. */
  readonly id: string;
  readonly by: string;
  /** The request whose items the job carries, all of them. */
  readonly request: RequestDoc;
  readonly adoption: Adoption;
  readonly manifest: ArtifactRef;
  readonly carried: Carried;
  readonly at: number;
}

/**
 * The task that holds a job somebody else created, as it is inserted: running, due at once and nobody's. It is never
 * packing or planned, so that nothing can be created for it and no void gives its slices back.
 */
export function adoptingTask(given: AdoptingTask): Change<TaskDoc> {
  return bornRunning(bareTask(given), given.adoption, given.at);
}

/** A task that never was packing, with a job that is there already, as it is inserted: running, due at once and nobody's. */
export function bornRunning(
  bare: TaskDoc,
  { jobId, createdAt, timeoutAt }: Adoption,
  at: number,
): Change<TaskDoc> {
  const planned: TaskDoc = {
    ...bare,
    claim: 0,
    owner: null,
    dueAt: at,
    state: "planned",
    jobs: [{ jobId, how: "adopted", seenAt: at, cancelAskedAt: null, closedAt: null, costMicros: null }],
    plannedAt: at,
  };
  const change = changeTask(planned, { type: "adopt", at: createdAt, timeoutAt: timeoutAt ?? at });
  if (!change) throw new Error(`task ${bare.id} does not run`);
  return { ...change, next: { ...change.next, timeoutAt } };
}

/**
 * The task of an adoption that came second: the job is held by another task. It is to be harvested with nothing to
 * fetch, so that its items end as cancelled and no request is left open. It tells nothing.
 */
export function lateTask(given: AdoptingTask, heldBy: string): TaskDoc {
  const { adoption, at } = given;
  return {
    ...bareTask(given),
    state: "harvesting",
    noFetch: "ended",
    end: { at, why: "cancelled" },
    lastError: { code: "job_held", message: `${adoption.jobId} is held by task ${heldBy} already`, at },
  };
}

function bareTask({ id, by, request, manifest, carried, at }: AdoptingTask): TaskDoc {
  const { account, provider, model, endpoint, priority } = request;
  const pool = poolKey({
    account,
    model,
    endpoint,
    ...(request.isolate ? { source: request.source } : {}),
  });
  const task = newTask({
    id,
    by,
    owner: "",
    leaseUntil: 0,
    account,
    provider,
    poolKey: pool,
    model,
    endpoint,
    priority,
  });
  return { ...task, ...carried, claim: 0, owner: null, dueAt: at, manifest, foreign: true };
}
