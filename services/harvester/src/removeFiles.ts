import type { TaskDoc } from "@granary/domain";
import { changeTask, FILE_TRIES, providerFilesOf, ProviderTrouble } from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import { nextDueAt } from "./replayTask.ts";
import type { HarvesterDeps } from "./settings.ts";

/** Between two tries: this many shortest polls, doubled each time. */
const PAUSE_POLLS = 4;

/**
 * Removes an ended task's files at the provider. That its answers lie here was proven when it ended; a file that is
 * gone already is as good as removed, so all of it may be repeated. What the provider refuses for good, or again and
 * again, is left to its own expiry.
 */
export async function removeFiles(
  deps: HarvesterDeps,
  held: TaskDoc,
  { signal }: StepContext,
): Promise<void> {
  const { provider, settings } = accountOf(deps, held.account);
  if ((settings.files ?? "remove") !== "remove") return close(deps, held, "left");
  try {
    for (const fileId of providerFilesOf(held)) await provider.remove(fileId, { signal });
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    return failed(deps, held, error);
  }
  return close(deps, held, "removed");
}

async function failed(deps: HarvesterDeps, held: TaskDoc, error: ProviderTrouble): Promise<void> {
  const tries = (held.files?.tries ?? 0) + 1;
  const { why, code, retryAfterMs = 0 } = error;
  const isFinal = why === "request" || tries >= FILE_TRIES;
  deps.log.warn({ taskId: held.id, why, code, tries, isFinal }, "files not removed at the provider");
  if (isFinal) return close(deps, held, "left");
  const { pollMinMs } = accountOf(deps, held.account).settings.durations;
  const wait = Math.max(PAUSE_POLLS * pollMinMs * 2 ** tries, retryAfterMs);
  return write(deps, held, { type: "failFiles" }, wait);
}

async function close(deps: HarvesterDeps, held: TaskDoc, outcome: "removed" | "left"): Promise<void> {
  return write(deps, held, { type: "closeFiles", at: deps.clock.now(), outcome }, 0);
}

/** Writes it down and gives the task back; one that something else was asked of meanwhile is due at once. */
async function write(
  deps: HarvesterDeps,
  held: TaskDoc,
  command: TaskCommand,
  waitMs: number,
): Promise<void> {
  const at = deps.clock.now();
  await change(
    deps.store,
    "task",
    held,
    (current) => changeTask(current, command),
    (next) => {
      const dueAt = nextDueAt(next, at);
      const isOnlyFiles = next.again === null && next.revisions.every(({ appliedAt }) => appliedAt !== null);
      return { at, release: true, dueAt: dueAt !== null && isOnlyFiles ? dueAt + waitMs : dueAt };
    },
  );
}
