import type { Admission, TaskDoc } from "@granary/domain";
import { changeTask, decideAdmission, heldJobOf } from "@granary/domain";
import { accountOf } from "@granary/runtime";
import { randomOf } from "./randomOf.ts";
import type { SubmitterDeps } from "./settings.ts";

/** So often a round lost to another admitter is begun again; then the task waits for its turn. */
const ROUNDS = 6;
/** Longest wait before the second round; doubled with each one. */
const PAUSE_MS = 10;

export type Admitted =
  | { readonly admitted: TaskDoc }
  | { readonly held: Extract<Admission, { admit: false }>; readonly task: TaskDoc }
  /** The task became another's, or changed under us: look at it anew. */
  | { readonly moot: true };

/**
 * Takes a planned task through the gate (P2). Usage is a query over the truth and the grant serialises the
 * decisions, so that limits hold over any number of replicas; there is no release step to forget. Admitters undo each
 * other's rounds: those that keep in step would do so for ever, so a round that was lost is begun again after a while of
 * its own.
 */
export async function admitTask(deps: SubmitterDeps, held: TaskDoc): Promise<Admitted> {
  const { store } = deps;
  const { settings } = accountOf(deps, held.account);
  let task = held;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await deps.clock.sleep(randomOf(deps) * PAUSE_MS * 2 ** round);
    const gate = await store.gate(deps.instance);
    const left = gate.grant;
    if (left && left.taskId !== task.id) {
      const other = await store.load("task", left.taskId);
      // Its admitter may be late: after this signal the write it decided on no longer fits, and it begins again.
      if (other?.state === "planned") await store.signal("task", [other.id], { type: "wake" });
    }
    const [usage, account, now] = await Promise.all([
      store.usage(task.account),
      store.load("account", task.account),
      store.now(),
    ]);
    const decision = decideAdmission({
      task,
      usage,
      limits: settings.limits,
      pauses: account?.pauses ?? {},
      learned: account?.learned ?? {},
      sources: deps.catalogue.sources,
      now,
      lookAgainMs: settings.durations.pollMinMs,
    });
    if (!decision.admit) return { held: decision, task };
    if (!(await store.grant(gate.version, { taskId: task.id, at: now }))) continue;
    const change = changeTask(task, { type: "admit" });
    if (!change) return { admitted: task };
    const result = await store.save("task", task, change.next);
    if ("saved" in result) return { admitted: result.saved };
    const { found } = result;
    if (!found || found.claim !== held.claim || found.state !== "planned" || found.end || heldJobOf(found))
      return { moot: true };
    task = found;
  }
  const untilAt = (await store.now()) + Math.ceil(randomOf(deps) * settings.durations.pollMinMs);
  return { held: { admit: false, waitsFor: "grant", untilAt }, task };
}
