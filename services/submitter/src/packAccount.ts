import type { AccountDoc, PoolLine, Slice } from "@granary/domain";
import {
  carriedBy,
  changeTask,
  moveOf,
  newTask,
  newTaskId,
  ordinalsOf,
  parsePoolKey,
  planTasks,
  taskFolder,
} from "@granary/domain";
import { accountOf, change, taskAttributes, taskTrace, tracerOf } from "@granary/runtime";
import type { Step, StepContext } from "@granary/runtime";
import type { SubmitterDeps } from "./settings.ts";

/** Slices of one source looked at in one turn: enough to fill a job, bounded in memory. */
const VIEW = 20_000;
const TASKS_A_TURN = 20;
const PAGE = 500;
/** A packer that nothing wakes looks again after this long. */
const IDLE_MS = 60_000;

/** Packs the pending slices of an account into tasks (P1). Right also where two packers do it at once. */
export const packAccount =
  (deps: SubmitterDeps): Step<"account"> =>
  async (held, { signal }) => {
    const { store } = deps;
    const { settings } = accountOf(deps, held.id);
    const { job, tokensPerModel = Infinity } = settings.limits;
    const jobLimits = { ...job, tokens: Math.min(job.tokens, tokensPerModel) };
    // A restored store has still to learn which of these slices travel already.
    if (deps.epoch?.waitsFor() != null)
      return store.release("account", held, (await store.now()) + settings.durations.sweepMs);
    const pools = Map.groupBy(await store.pools(held.id), (line) => line.poolKey);
    const now = await store.now();
    let nextAt = now + IDLE_MS;
    for (const [poolKey, poolLines] of pools) {
      const pending = await pendingOf(deps, poolKey, poolLines, job.lines);
      const plan = planTasks({
        poolLines,
        pending,
        limits: jobLimits,
        now,
        lingerMs: settings.durations.lingerMs,
        maxTasks: TASKS_A_TURN,
      });
      if (plan.nextAt !== null) nextAt = Math.min(nextAt, plan.nextAt);
      for (const { id } of plan.impossible)
        deps.log.error({ account: held.id, slice: id }, "slice over the limits of a job");
      for (const slices of plan.tasks) {
        signal.throwIfAborted();
        await packTask(deps, held, poolKey, slices, { signal });
      }
    }
    await store.release("account", held, nextAt);
  };

async function pendingOf(
  { store }: SubmitterDeps,
  poolKey: string,
  poolLines: readonly PoolLine[],
  lines: number,
): Promise<ReadonlyMap<string, readonly Slice[]>> {
  const pending = new Map<string, readonly Slice[]>();
  for (const { source } of poolLines)
    pending.set(source, await store.pendingSlices(poolKey, source, Math.min(lines, VIEW)));
  return pending;
}

/**
 * Makes one task of these slices. The task is inserted before any slice is placed and sealed after all that were
 * won are in its manifest; a crash in between leaves a task that is voided, and slices that its void gives back.
 */
async function packTask(
  deps: SubmitterDeps,
  packer: AccountDoc,
  poolKey: string,
  slices: readonly Slice[],
  { signal }: StepContext,
): Promise<void> {
  const { store, ids, artifacts, clock } = deps;
  const { settings } = accountOf(deps, packer.id);
  const { leaseMs } = settings.durations;
  const { model, endpoint } = parsePoolKey(poolKey);
  const startedAt = clock.now();
  const id = newTaskId(ids, deps.instance);
  const task = newTask({
    id,
    by: ids.nonce(),
    owner: deps.owner,
    leaseUntil: (await store.now()) + leaseMs,
    account: packer.id,
    provider: settings.provider,
    poolKey,
    model,
    endpoint,
    priority: Math.max(...slices.map(({ priority }) => priority)),
  });
  const { inserted } = await store.insertOnce("task", task);
  if (!inserted) throw new Error(`task id ${id} was drawn twice`);
  for (let at = 0; at < slices.length; at += PAGE)
    await store.moveSlices(
      moveOf({ type: "place", taskId: id }, { ids: slices.slice(at, at + PAGE).map((slice) => slice.id) }),
    );
  const placed = await placedIn(deps, id, slices);
  await store.renew("task", id, task.claim, leaseMs);
  signal.throwIfAborted();
  const carried = { ...carriedBy(placed), ...(await taskTrace(deps, id, placed)) };
  const manifest = await artifacts.put(
    `${taskFolder({ id, request: carried.request })}/manifest.jsonl`,
    manifestLines(placed),
  );
  const at = clock.now();
  const sealed = await change(
    store,
    "task",
    task,
    (current) =>
      current.state === "packing" ? changeTask(current, { type: "seal", at, manifest, carried }) : null,
    { at, release: true, dueAt: at },
  );
  if (sealed)
    tracerOf(deps).record("pack", {
      parent: sealed.traceparent ?? null,
      root: carried.requests > 1,
      links: sealed.traces,
      startedAt,
      endedAt: clock.now(),
      attributes: taskAttributes(sealed),
    });
}

/** The slices the task really has, in the order they were planned. */
async function placedIn(
  { store }: SubmitterDeps,
  taskId: string,
  planned: readonly Slice[],
): Promise<readonly Slice[]> {
  const rank = new Map(planned.map(({ id }, index) => [id, index]));
  const placed: Slice[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId }, { after, limit: PAGE });
    placed.push(...page.filter(({ state }) => state === "placed"));
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  return placed.toSorted((a, b) => (rank.get(a.id) ?? 0) - (rank.get(b.id) ?? 0));
}

async function* manifestLines(slices: readonly Slice[]): AsyncGenerator<Uint8Array> {
  let line = 0;
  for (const slice of slices) {
    let rows = "";
    for (const ordinal of ordinalsOf(slice.members))
      rows += `${JSON.stringify({ line: line++, slice: slice.id, ordinal })}\n`;
    yield Buffer.from(rows);
  }
}
