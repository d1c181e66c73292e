import type { Fact } from "@granary/domain";
import { FACT_PREFIX } from "@granary/domain";
import { count } from "../terminal/format.ts";

/** What the facts told here have in common, as far as each has it. */
interface Told {
  readonly taskId?: string;
  readonly account?: string;
  readonly lines?: number;
  readonly status?: string;
  readonly provisional?: boolean;
}

/** Tells what happened in a sentence, where it is worth one; null where it is the usual course of things. */
export function factTeller(): (fact: Fact) => string | null {
  /** Tasks whose job only fits their create so far. */
  const guessed = new Set<string>();
  return ({ type, data }) => {
    const { taskId = "", account, lines, status, provisional } = data as Told;
    const task = `${taskId} (${count(lines ?? 0)} lines, ${account})`;
    switch (type.slice(FACT_PREFIX.length)) {
      case "task.create_unknown":
        return `${task}: the answer to its create was lost; nothing is sent again before the job list was searched`;
      case "task.adopted":
        if (provisional) {
          guessed.add(taskId);
          return `${task}: a job that fits its create was found in the list; it is held until its results tell whose it is`;
        }
        return guessed.delete(taskId)
          ? `${task}: the results of the job it holds proved to be its own`
          : `${task}: its job was found in the list, and adopted`;
      case "task.surplus_found":
        return `${task}: a second job was found; it is cancelled and counted`;
      case "task.ended_at_provider":
        return status === "completed"
          ? null
          : `${task}: its job ended ${status}; what is there is taken, the rest travels again`;
      default:
        return null;
    }
  };
}
