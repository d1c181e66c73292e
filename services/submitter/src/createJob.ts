import type { CreateAnswer, JobInput, Pause, TaskDoc } from "@granary/domain";
import {
  changeTask,
  createTimeoutMs,
  heldJobOf,
  LeaseLost,
  nextPollAt,
  pauseFor,
  pauseScope,
  ProviderTrouble,
  StoreUnavailable,
  taskFolder,
  timeoutAt,
} from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import { takeOpenCreate, wakeWaiting } from "./openCreate.ts";
import { randomOf } from "./randomOf.ts";
import type { SubmitterDeps } from "./settings.ts";
import { taskLines } from "./taskLines.ts";

/** Longest time from before the intent's write was sent to the POST: later the attempt is given up unsent. */
const LAST_LOOK_MS = 5_000;
/** A file that expires sooner is uploaded anew. */
const FILE_MARGIN_MS = 3_600_000;

/**
 * Uploads a task's lines and creates its provider job, once (P3): file, intent, last look, POST, answer. The caller
 * holds the task, in `submitting` and without an intent.
 */
export async function createJob(
  deps: SubmitterDeps,
  admitted: TaskDoc,
  { signal }: StepContext,
): Promise<void> {
  const { dialect, provider } = accountOf(deps, admitted.account);
  const inBody = dialect.travels(admitted) === "body";
  const ready = inBody ? admitted : await ensureFile(deps, admitted, signal);
  if (!ready) return;
  signal.throwIfAborted();
  if (dialect.tags === "hidden" && !(await takeOpenCreate(deps, ready))) return giveUpUnsent(deps, ready);

  const sweep = await deps.store.load("sweep", ready.account);
  const started = { at: deps.clock.now(), wall: wallOf(deps), monotonic: deps.clock.monotonic() };
  const intended = await writeIntent(deps, ready, started.at, sweep?.seq ?? 0);
  if (!intended?.intent) return;

  const earlier = await writeIntentFile(deps, intended);
  if (earlier) return loseToEarlier(deps, intended, earlier.at);
  const elapsedMs = Math.max(wallOf(deps) - started.wall, deps.clock.monotonic() - started.monotonic);
  if (elapsedMs >= LAST_LOOK_MS) {
    deps.log.warn({ taskId: intended.id, elapsedMs }, "too long since the intent, attempt given up unsent");
    return giveUpUnsent(deps, intended);
  }
  const given = await provider.create({
    tag: intended.id,
    input: inputOf(deps, intended),
    model: intended.model,
    endpoint: intended.endpoint,
    timeoutMs: createTimeoutMs(intended.bytes),
  });
  await answer(deps, intended, given);
}

/** For the last look: the store's time may be an estimate that was corrected meanwhile. */
function wallOf({ clock }: SubmitterDeps): number {
  return clock.wall?.() ?? clock.now();
}

/** Nothing was sent: the task goes back to wait for its turn. */
async function giveUpUnsent(deps: SubmitterDeps, task: TaskDoc): Promise<void> {
  const at = deps.clock.now();
  await change(deps.store, "task", task, (current) => changeTask(current, { type: "giveUpUnsent" }), {
    at,
    release: true,
    dueAt: at,
  });
}

/** This attempt was made before, by a later state of the store than the one that is there now. */
async function loseToEarlier(deps: SubmitterDeps, task: TaskDoc, perhapsSentAt: number): Promise<void> {
  const at = deps.clock.now();
  const { durations } = accountOf(deps, task.account).settings;
  const why = `an intent of attempt ${task.attempt} was written before, by a later state of this store`;
  await change(
    deps.store,
    "task",
    task,
    (current) => changeTask(current, { type: "loseAnswer", code: "store_is_older", at, why, perhapsSentAt }),
    { at, release: true, dueAt: at + durations.sweepMs },
  );
}

/** What the create sends along: the file that was recorded, or the lines as they are read. */
function inputOf(deps: SubmitterDeps, task: TaskDoc): JobInput {
  if (task.file) return { fileId: task.file.id };
  return { lines: taskLines(deps, task), count: task.lines, bytes: task.bytes };
}

/** The task with a file at the provider; null where the upload was refused and the task sent on its way. */
async function ensureFile(deps: SubmitterDeps, task: TaskDoc, signal: AbortSignal): Promise<TaskDoc | null> {
  if (task.file && (task.file.expiresAt ?? Infinity) > deps.clock.now() + FILE_MARGIN_MS) return task;
  const { provider } = accountOf(deps, task.account);
  try {
    const { fileId, expiresAt } = await provider.upload(taskLines(deps, task), {
      name: `${task.id}.jsonl`,
      signal,
    });
    return await change(
      deps.store,
      "task",
      task,
      (current) => changeTask(current, { type: "recordFile", file: { id: fileId, expiresAt } }),
      { at: deps.clock.now() },
    );
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    await answer(deps, task, {
      type: "refused",
      why: error.why === "unavailable" || error.why === "not_found" ? "unreachable" : error.why,
      code: error.code,
      message: error.message,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
    return null;
  }
}

/** Records that a create is about to be sent; null where the task was ended, or found, meanwhile. */
async function writeIntent(
  deps: SubmitterDeps,
  task: TaskDoc,
  startedAt: number,
  sweepSeq: number,
): Promise<TaskDoc | null> {
  const nonce = deps.ids.nonce();
  const write = async (held: TaskDoc): Promise<TaskDoc | null> =>
    change(
      deps.store,
      "task",
      held,
      (current) =>
        current.end || heldJobOf(current)
          ? null
          : changeTask(current, {
              type: "recordIntent",
              intent: { nonce, at: deps.clock.now(), startedAt, sweepSeq, fileId: current.file?.id ?? null },
            }),
      { at: startedAt, nonce },
    );
  try {
    const written = await write(task);
    if (!written) await deps.store.release("task", task, deps.clock.now());
    return written;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // The write may have landed. Only an intent with our nonce, under our claim, lets the attempt go on.
    const found = await deps.store.load("task", task.id);
    if (found?.intent?.nonce === nonce && found.claim === task.claim) return found;
    throw error;
  }
}

/**
 * The intent, also beside the manifest. Answers the one of this attempt that lies there and that the store does not
 * know, and when it was written (by the epoch's start where that cannot be read); null where there is none.
 */
async function writeIntentFile(
  { artifacts }: SubmitterDeps,
  task: TaskDoc,
): Promise<{ readonly at: number } | null> {
  const { intent, attempt } = task;
  const text = `${JSON.stringify({ task: task.id, attempt, nonce: intent?.nonce, at: intent?.at })}\n`;
  const bytes = Buffer.from(text);
  const path = `${taskFolder(task)}/intent-${attempt}.json`;
  const { existed } = await artifacts.put(path, oneChunk(bytes));
  if (!existed) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifacts.read(path)) chunks.push(chunk);
  const found = Buffer.concat(chunks);
  if (found.equals(bytes)) return null;
  return { at: writtenAt(found.toString()) };
}

function writtenAt(text: string): number {
  try {
    const { at } = JSON.parse(text) as { readonly at?: unknown };
    return typeof at === "number" ? at : 0;
  } catch {
    return 0;
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Records what became of a create. The id in a 2xx is a fact whoever holds the task by now: it is never dropped. */
async function answer(deps: SubmitterDeps, task: TaskDoc, given: CreateAnswer): Promise<void> {
  const { settings } = accountOf(deps, task.account);
  const { durations } = settings;
  const at = deps.clock.now();
  const pause = given.type === "refused" ? await pauseAccount(deps, task, given) : null;
  try {
    await change(
      deps.store,
      "task",
      task,
      (current) =>
        changeTask(current, { type: "recordAnswer", at, answer: given, timeoutAt: timeoutAt(at, durations) }),
      (next) => ({
        at,
        release: true,
        dueAt:
          next.state === "running"
            ? nextPollAt({ now: at, submittedAt: at, view: next.view, durations, random01: 0.5 })
            : next.state === "unknown"
              ? at + durations.sweepMs
              : (pause?.until ?? at),
      }),
    );
  } catch (error) {
    if (given.type !== "created") throw error;
    deps.log.warn(
      { taskId: task.id, jobId: given.job.jobId, err: error },
      "created, but no longer ours to record",
    );
    await deps.store.signal("task", [task.id], { type: "job", jobId: given.job.jobId, at, how: "created" });
    if (!(error instanceof LeaseLost)) throw error;
    return;
  }
  if (given.type === "created") await resumeAccount(deps, task);
  if (given.type !== "unknown") await wakeWaiting(deps, task.account);
}

/** Pauses the scope that a refusal speaks of. Null where it speaks of this task alone. */
async function pauseAccount(
  deps: SubmitterDeps,
  task: TaskDoc,
  { why, code, retryAfterMs }: Extract<CreateAnswer, { type: "refused" }>,
): Promise<Omit<Pause, "strikes"> | null> {
  if (why === "request" || code === "input_file_gone") return null;
  const { durations } = accountOf(deps, task.account).settings;
  const scope = pauseScope(why, task.model);
  const account = await deps.store.load("account", task.account);
  const now = await deps.store.now();
  const pause = {
    why,
    code,
    until:
      now +
      pauseFor({
        why,
        strikes: (account?.pauses[scope]?.strikes ?? 0) + 1,
        retryAfterMs,
        random01: randomOf(deps),
        baseMs: durations.pollMinMs,
      }),
  };
  await deps.store.signal("account", [task.account], { type: "pause", scope, pause });
  return pause;
}

/** Lifts the pauses of the scopes that a create has just shown to be open. */
async function resumeAccount({ store }: SubmitterDeps, task: TaskDoc): Promise<void> {
  const account = await store.load("account", task.account);
  for (const scope of new Set([pauseScope("account", task.model), pauseScope("limit", task.model)]))
    if (account?.pauses[scope]) await store.signal("account", [task.account], { type: "resume", scope });
}
