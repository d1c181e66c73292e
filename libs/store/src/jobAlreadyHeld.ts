/**
 * Another task holds this provider job already. Nothing was written. A decision that leads here was made on stale
 * knowledge, or two tasks carry one tag: read again; if it stays, it is an incident for the operator.
 */
export class JobAlreadyHeld extends Error {
  override readonly name = "JobAlreadyHeld";
  readonly holds: string;

  constructor(taskId: string, holds: string, options?: ErrorOptions) {
    super(`task ${taskId} cannot hold ${holds}: another task does`, options);
    this.holds = holds;
  }
}
