import type { Store, TaskDoc } from "@granary/domain";
import { taskMoney } from "./taskMoney.ts";

const PAGE = 500;

/** Money of one task that bought nothing anybody waits for. */
export interface UnusedMoney {
  readonly task: TaskDoc;
  readonly knownMicros: number;
  readonly unknown: boolean;
}

/** The tasks that have unused money, in order of their ids; all others are passed over. */
export async function* unusedMoney(store: Store): AsyncGenerator<UnusedMoney> {
  for (let after: string | undefined; ;) {
    const page = await store.tasks({}, { after, limit: PAGE });
    for (const task of page) {
      const unused = unusedOf(task);
      if (unused.unknown || unused.knownMicros > 0) yield unused;
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function unusedOf(task: TaskDoc): UnusedMoney {
  const lines = taskMoney(task)?.unusedMicros ?? (task.verdicts ? null : 0);
  const surplus = task.jobs.filter(({ how, closedAt }) => how === "surplus" && closedAt !== null);
  const parts = [lines, ...surplus.map(({ costMicros }) => costMicros)];
  return {
    task,
    knownMicros: parts.reduce<number>((sum, part) => sum + (part ?? 0), 0),
    unknown: parts.includes(null),
  };
}
