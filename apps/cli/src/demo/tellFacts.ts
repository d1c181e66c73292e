import type { Fact } from "@granary/domain";
import { FACT_PREFIX } from "@granary/domain";
import { count } from "../terminal/format.ts";

/** What happened, in a sentence, where it is worth one; null where it is the usual course of things. */
export function factText({ type, data }: Fact): string | null {
  const { taskId, lines, rawStatus } = data as {
    readonly taskId?: string;
    readonly lines?: number;
    readonly rawStatus?: string;
  };
  const task = `${taskId} (${count(lines ?? 0)} lines)`;
  switch (type.slice(FACT_PREFIX.length)) {
    case "task.create_unknown":
      return `${task}: the answer to its create was lost; nothing is sent again before the job list was searched`;
    case "task.adopted":
      return `${task}: its job was found in the list, and adopted`;
    case "task.surplus_found":
      return `${task}: a second job was found; it is cancelled and counted`;
    case "task.ended_at_provider":
      return rawStatus === "completed"
        ? null
        : `${task}: its job ended ${rawStatus}; what is there is taken, the rest travels again`;
    default:
      return null;
  }
}
