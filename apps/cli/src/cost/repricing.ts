import type { Artifacts, Price, TaskDoc, Usage, VerdictRow } from "@granary/domain";
import { addCosts, ArtifactMissing, costOf, priceOfTask } from "@granary/domain";
import { readLines } from "@granary/providers";
import { EXIT, Failure } from "../failure.ts";
import type { Workspace } from "../stack/workspace.ts";
import { taskMoney } from "./taskMoney.ts";

/** What an ended task costs, and would cost by the prices of now. Micro-dollars; null where it is not known. */
export interface Repricing {
  readonly taskId: string;
  readonly account: string;
  readonly model: string;
  readonly oldMicros: number | null;
  readonly newMicros: number | null;
  /** New less old; null where one of them is not known. */
  readonly differenceMicros: number | null;
  /** Lines that cost something else. */
  readonly lines: number;
  /** Whether money for nobody's lines is to be priced as well; how much that is the replay tells. */
  readonly unused: boolean;
}

/**
 * How a task's cost would change; null where it would not. It reads what was decided about each line, and writes
 * nothing.
 * @throws Failure where the verdicts cannot be read
 */
export async function repricingOf(
  { artifacts, catalogue }: Pick<Workspace, "artifacts" | "catalogue">,
  task: TaskDoc,
): Promise<Repricing | null> {
  // What was purged cannot be decided anew: its cost stays as it was told.
  if (!task.verdicts || task.purged) return null;
  const price = priceOfTask(catalogue.prices, task);
  const paid = new Map<number, { readonly usage: Usage; readonly costMicros: number | null }>();
  // What a replay says of a line stands in place of what was said before.
  for (const { path } of [task.verdicts, ...task.revisions])
    for await (const { line, usage, costMicros } of rowsOf(artifacts, path, task))
      paid.set(line, { usage, costMicros });
  let oldMicros: number | null = 0;
  let newMicros: number | null = 0;
  let lines = 0;
  for (const { usage, costMicros } of paid.values()) {
    const cost = costOf(usage, price);
    oldMicros = addCosts(oldMicros, costMicros);
    newMicros = addCosts(newMicros, cost);
    if (cost !== costMicros) lines += 1;
  }
  const unused = isUnusedUnknown(task) && price !== undefined && pricesAll(price);
  if (lines === 0 && !unused) return null;
  return {
    taskId: task.id,
    account: task.account,
    model: task.model,
    oldMicros,
    newMicros,
    differenceMicros: oldMicros === null || newMicros === null ? null : newMicros - oldMicros,
    lines,
    unused,
  };
}

function isUnusedUnknown(task: TaskDoc): boolean {
  return taskMoney(task)?.unusedMicros === null;
}

/** Whether there is nothing a price leaves open: then no cost stays unknown, and none is asked for again and again. */
function pricesAll({ tiers = [], ...price }: Price): boolean {
  return [price, ...tiers].every(
    ({ cacheWrite, longCacheWrite }) => cacheWrite === undefined || longCacheWrite !== undefined,
  );
}

async function* rowsOf(artifacts: Artifacts, path: string, task: TaskDoc): AsyncGenerator<VerdictRow> {
  try {
    for await (const lines of readLines(artifacts.read(path)))
      for (const { text } of lines) yield JSON.parse(text ?? "") as VerdictRow;
  } catch (error) {
    if (!(error instanceof ArtifactMissing) && !(error instanceof SyntaxError)) throw error;
    throw new Failure(
      EXIT.failed,
      `${path} of ${task.id} cannot be read: granary artifacts verify tells what is wrong with it`,
      [],
      { cause: error },
    );
  }
}
