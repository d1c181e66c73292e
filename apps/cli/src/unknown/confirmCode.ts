import { base32, heldJobOf } from "@granary/domain";
import type { Ids, OperatorVerdict, TaskDoc } from "@granary/domain";

const LENGTH = 8;

/** What a code stands for: what is said of which task, and what there was to see when it was said. */
export interface Confirmable {
  readonly task: TaskDoc;
  readonly says: OperatorVerdict["says"];
  readonly jobId: string | null;
  /** The jobs that might speak against it. */
  readonly against: readonly string[];
}

/**
 * The code that the second step repeats. It is the same however often the task was looked at meanwhile, and another
 * one once it has moved on: by its state, its attempt, or the job it holds.
 */
export function confirmCode(ids: Ids, { task, says, jobId, against }: Confirmable): string {
  const held = heldJobOf(task);
  const seen = [task.id, task.attempt, task.state, held?.jobId, held?.how, says, jobId, against.toSorted()];
  return base32(ids.sha256().update(JSON.stringify(seen)).hex(), LENGTH);
}
