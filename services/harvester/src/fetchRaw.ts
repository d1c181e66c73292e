import type { JobSnapshot, RawFile, TaskDoc } from "@granary/domain";
import { BrokenTransfer, changeTask, taskFolder } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import type { HarvesterDeps } from "./settings.ts";

type RawKind = RawFile["kind"];

/** Not all is there yet: look again later, nothing is wrong so far. */
export class NotSettled extends Error {
  override readonly name = "NotSettled";
}

/**
 * Brings the job's result files into the artifact store and records them. A file that has fewer lines than the
 * provider counted is not settled yet; after the settle window it is taken as it is.
 * @throws NotSettled, BrokenTransfer
 */
export async function fetchRaw(
  deps: HarvesterDeps,
  held: TaskDoc,
  { signal }: StepContext,
): Promise<TaskDoc> {
  const { dialect, provider, settings } = accountOf(deps, held.account);
  if (!held.view) return held;
  const job = await provider.get(held.view.jobId, { signal });
  const waitedMs = deps.clock.now() - (held.view.terminalAt ?? deps.clock.now());
  const patient = waitedMs < settings.durations.settleMs;
  // A job that failed as a whole mostly has no files: those of the others are worth the wait.
  if (!job && patient && held.view.status !== "failed") throw new NotSettled("the job is not found just now");
  // Some providers put lines that failed among the results. Whether a file is still to come is the dialect's word.
  const isWhole = job !== null && dialect.settled(job);
  let task = held;
  for (const kind of ["results", "errors"] as const) {
    const fileId = job?.files[kind];
    const lines = expectedLines(job, kind, isWhole);
    if (fileId === undefined) {
      if (lines > 0 && patient)
        throw new NotSettled(`${lines} lines are counted, and no ${kind} file is named`);
      continue;
    }
    const raw = await fetchFile(deps, task, kind, fileId, patient ? lines : 0, signal);
    const changed = await change(
      deps.store,
      "task",
      task,
      (current) => (current.state === "harvesting" ? changeTask(current, { type: "recordRaw", raw }) : null),
      { at: deps.clock.now() },
    );
    task = changed ?? task;
  }
  return task;
}

function expectedLines(job: JobSnapshot | null, kind: RawKind, isWhole: boolean): number {
  if (!job?.counts) return 0;
  const { completed, failed } = job.counts;
  const isShared = isWhole && job.files.errors === undefined;
  if (kind === "errors") return isShared ? 0 : failed;
  return isShared && job.files.results !== undefined ? completed + failed : completed;
}

/** One file: what lies there already if it is whole, otherwise a fresh download beside it. */
async function fetchFile(
  deps: HarvesterDeps,
  task: TaskDoc,
  kind: RawKind,
  fileId: string,
  leastLines: number,
  signal: AbortSignal,
): Promise<RawFile> {
  const { provider } = accountOf(deps, task.account);
  for (let number = 1; ; number += 1) {
    const path = `${taskFolder(task)}/provider/${kind}${number === 1 ? "" : `-${number}`}.jsonl`;
    const there = await deps.artifacts.stat(path);
    if (there) {
      const found = await describe(deps, path, kind);
      if (found.lines >= leastLines) return { ...found, fileId };
      continue;
    }
    const { bytes } = await provider.download(fileId, { signal });
    const counted = lineCounter();
    const stored = await deps.artifacts.put(path, verified(bytes, counted, leastLines));
    // Somebody else was quicker: what lies there is what counts.
    if (stored.existed) return { ...(await describe(deps, path, kind)), fileId };
    return { kind, path, sha256: stored.sha256, bytes: stored.bytes, lines: counted.lines(), fileId };
  }
}

/** Passes bytes on, and fails before the end where lines are missing: then nothing is stored. */
async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  counted: ReturnType<typeof lineCounter>,
  leastLines: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    counted.add(chunk);
    yield chunk;
  }
  if (counted.lines() < leastLines)
    throw new NotSettled(`${counted.lines()} lines came of the ${leastLines} that are counted`);
}

async function describe({ artifacts, ids }: HarvesterDeps, path: string, kind: RawKind): Promise<RawFile> {
  const counted = lineCounter();
  const hasher = ids.sha256();
  let bytes = 0;
  for await (const chunk of artifacts.read(path)) {
    counted.add(chunk);
    hasher.update(chunk);
    bytes += chunk.length;
  }
  return { kind, path, sha256: hasher.hex(), bytes, lines: counted.lines() };
}

/** Counts lines in chunks; a last line without its end is one, too. */
export function lineCounter() {
  let ends = 0;
  let last = 0x0a;
  return {
    add(chunk: Uint8Array): void {
      for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) ends += 1;
      last = chunk.at(-1) ?? last;
    },
    lines: () => (last === 0x0a ? ends : ends + 1),
  };
}

/** Whether an error only says that the provider is not ready, or the way to it broken. */
export function isPassing(error: unknown): boolean {
  return error instanceof NotSettled || error instanceof BrokenTransfer;
}
