import type { Slice, TaskDoc, TaskJob, Usage } from "@granary/domain";
import { costOfJob, isOurTag, isProvisional, priceOf, ProviderTrouble } from "@granary/domain";
import { PAGE } from "./checking.ts";
import type { Checking } from "./checking.ts";
import type { SeenJob } from "./jobBook.ts";
import type { LineMap } from "./lineMap.ts";
import type { Notebook } from "./notebook.ts";
import { slicesById } from "./pages.ts";
import type { Rejudgement } from "./rejudge.ts";

/** Holds the jobs a task knows against those that carry its tag, and the other way round (V7, V8). */
export async function checkJobs(checking: Checking, note: Notebook, task: TaskDoc): Promise<void> {
  const { jobs } = checking;
  const seen = jobs.ofTask(task);
  const known = new Map(task.jobs.map((job) => [job.jobId, job]));
  for (const job of seen) {
    const rule = job.account === null ? "V7" : "V8";
    note.checked(rule);
    const ids = { task: task.id, jobId: job.jobId, ...(job.account ? { account: job.account } : {}) };
    if (job.account !== null && job.account !== task.account)
      note.found("V8", job.jobId, `carries the tag of ${task.id}, which belongs to ${task.account}`, ids);
    if (!known.has(job.jobId) && !mayBeOnItsWay(checking, task, job)) {
      if (job.account !== null)
        note.found("V8", job.jobId, `carries the tag of ${task.id}, which does not know it`, ids);
      if (job.ledger) note.found("V7", job.jobId, `was created for ${task.id}, which does not know it`, ids);
    }
  }
  for (const job of task.jobs) {
    if (job.how === "provisional") checkGuess(note, task, job);
    else await checkKnown(checking, note, task, job, seen);
    checkSurplus(checking, note, task, job, seen);
  }
  const held = task.jobs.filter(({ how }) => how !== "surplus");
  const ours = held.filter(({ how }) => how !== "provisional");
  note.checked("V7", task.jobs.length);
  if (ours.length > 1)
    note.found("V7", task.id, `holds ${ours.length} jobs: ${ours.map(({ jobId }) => jobId).join(", ")}`, {
      task: task.id,
    });
  const [first] = held;
  if (task.view && first && task.holds !== `${task.account}/${first.jobId}`)
    note.found("V8", task.id, `holds ${task.holds}, its job is ${first.jobId}`, {
      task: task.id,
      jobId: first.jobId,
    });
}

/**
 * Beside a system at work a job may have been created just now, and not have been recorded or swept yet; or another one
 * is taken for it, which that one's results will show.
 */
function mayBeOnItsWay({ quiet, now, graceMs }: Checking, task: TaskDoc, job: SeenJob): boolean {
  if (quiet) return false;
  if (task.state === "submitting" || task.state === "unknown" || isProvisional(task)) return true;
  return job.createdAt !== null && job.createdAt > now - graceMs;
}

/** A job that is only taken for the task's may be another's: nothing was to come of it before its results said whose it is. */
function checkGuess(note: Notebook, { id, account, state }: TaskDoc, { jobId }: TaskJob): void {
  note.checked("V8");
  if (state === "unknown" || state === "running") return;
  const ids = { task: id, jobId, account };
  note.found("V8", jobId, `is held by ${id}, which is ${state}, and was never confirmed to be its own`, ids);
}

async function checkKnown(
  { jobs, deps, signal }: Checking,
  note: Notebook,
  task: TaskDoc,
  { jobId, how }: TaskJob,
  seen: readonly SeenJob[],
): Promise<void> {
  const ids = { task: task.id, jobId, account: task.account };
  const there = seen.find((job) => job.jobId === jobId);
  const lost = task.noFetch === "job_lost" && how !== "surplus";
  if (!jobs.isInLedger(task.account)) note.unproven("V7", `no ledger speaks of ${task.account}`);
  else if (!there?.ledger)
    note.found(
      "V8",
      jobId,
      `is known to ${task.id}; the ledger has no such job${task.foreign ? "" : " under its tag"}`,
      ids,
    );
  if (!jobs.isListed(task.account)) return;
  note.checked("V8");
  if (there?.account === task.account) return;
  try {
    const job = await deps.accounts?.get(task.account)?.provider?.get(jobId, { signal });
    if (!job) {
      if (!lost) note.found("V8", jobId, `is known to ${task.id}; ${task.account} does not know it`, ids);
    } else if (task.foreign ? isOurTag(job.tag, deps.instance) : job.tag !== null && job.tag !== task.id)
      note.found("V8", jobId, `is known to ${task.id} and carries the tag ${job.tag}`, ids);
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    note.unproven("V8", `${task.account} did not answer (${error.code})`);
  }
}

/** A second job for the same work is asked to cancel, followed to its end, and its cost is counted. */
function checkSurplus(
  { quiet, deps }: Checking,
  note: Notebook,
  task: TaskDoc,
  job: TaskJob,
  seen: readonly SeenJob[],
): void {
  if (job.how !== "surplus") return;
  const ids = { task: task.id, jobId: job.jobId };
  if (job.closedAt === null) {
    if (quiet) note.found("V7", job.jobId, `is a second job of ${task.id} and is still open`, ids);
    return;
  }
  if (job.cancelAskedAt === null)
    note.found(
      "V7",
      job.jobId,
      `is a second job of ${task.id}; nobody told of it or asked it to cancel`,
      ids,
    );
  const usage = seen.find(({ jobId }) => jobId === job.jobId)?.usage;
  if (!usage || !isCharged(usage)) return;
  const price = deps.prices && priceOf(deps.prices, task.provider, task.model, job.seenAt, task.account);
  const costMicros = price ? costOfJob(usage, task.lines, price) : null;
  if (price ? job.costMicros !== costMicros : job.costMicros === 0)
    note.found(
      "V7",
      job.jobId,
      `was charged for, ${costMicros ?? "something"}, and is counted as ${job.costMicros}`,
      ids,
    );
}

function isCharged({ inputTokens, outputTokens }: Usage): boolean {
  return inputTokens > 0 || outputTokens > 0;
}

/** Every line a task sent is a line of its slices, and no other task's job took them along, too (V7). */
export async function checkSent(
  { store, jobs }: Checking,
  note: Notebook,
  task: TaskDoc,
  map: LineMap,
  slices: ReadonlyMap<string, Slice>,
): Promise<void> {
  const seen = jobs.ofTask(task);
  if (task.state === "void" || (task.state === "ended" && !task.verdicts)) return;
  const strangers = [...map.slices.keys()].filter((id) => !slices.has(id));
  const elsewhere = await slicesById(store, strangers);
  for (const id of strangers) {
    const other = elsewhere.get(id)?.taskId ?? null;
    const sent = task.jobs.length > 0 || seen.length > 0;
    note.found(
      sent ? "V7" : "V3",
      id,
      `is in the manifest of ${task.id}${sent ? ", which was sent" : ""}, and in ${other ?? "no task"}`,
      { task: task.id, slice: id },
    );
  }
  for (const { jobId, ledger } of seen) {
    if (!ledger) continue;
    const ids = { task: task.id, jobId };
    const { customIds, lines, status } = ledger;
    if (customIds) {
      note.checked("V7", customIds.length);
      // What an adopted job carries is its maker's affair: lines without an item were set aside and counted.
      const strange = task.foreign ? undefined : customIds.find((id) => map.lineOf(id) === null);
      if (strange !== undefined)
        note.found("V7", jobId, `carried ${strange}, which is no line of ${task.id}`, ids);
      if (new Set(customIds).size !== customIds.length) note.found("V7", jobId, "carried a line twice", ids);
    }
    const sent = customIds?.length ?? (status === "failed" ? null : lines);
    if (sent !== null && sent !== undefined && sent !== map.lines)
      note.found("V7", jobId, `carried ${sent} lines, its task has ${map.lines}`, ids);
  }
}

const COUNTS: readonly (keyof Usage)[] = ["inputTokens", "outputTokens", "cachedTokens", "reasoningTokens"];
/** A job that is listed does not tell them, or none of them: only what charges for them knows. */
const WRITES: readonly (keyof Usage)[] = ["cacheWriteTokens", "longCacheWriteTokens"];

/** What the provider says was used is what the lines say (V11). Lines that never came may have been charged all the same. */
export function checkCharge({ jobs }: Checking, note: Notebook, task: TaskDoc, raw: Rejudgement): void {
  const held = task.jobs.find(({ how }) => how !== "surplus");
  const job = jobs.ofTask(task).find(({ jobId }) => jobId === held?.jobId);
  if (!job?.usage) return;
  note.checked("V11");
  for (const name of [...COUNTS, ...WRITES]) {
    const told = COUNTS.includes(name) ? job.usage : job.ledger?.charge;
    if (!told) continue;
    const ours = raw.usage[name] ?? 0;
    const theirs = told[name] ?? 0;
    if (raw.whole ? ours !== theirs : ours > theirs)
      note.found("V11", task.id, `has ${ours} ${name} in its lines, the provider says ${theirs}`, {
        task: task.id,
        jobId: job.jobId,
      });
  }
}

/** Jobs whose tag is ours and whose task is not there (V8, and V7 where the ledger knows them). */
export async function checkOrphans({ jobs, store, deps }: Checking, note: Notebook): Promise<void> {
  const tags = [...jobs.tags()].filter((tag) => isOurTag(tag, deps.instance));
  for (let at = 0; at < tags.length; at += PAGE) {
    const page = tags.slice(at, at + PAGE);
    const there = new Set((await store.loadMany("task", page)).map(({ id }) => id));
    for (const tag of page)
      if (!there.has(tag))
        for (const { jobId, account, ledger } of jobs.tagged(tag))
          note.found(account === null ? "V7" : "V8", jobId, `carries the tag ${tag}, which is no task`, {
            jobId,
            task: tag,
            ...(account ? { account } : ledger?.account ? { account: ledger.account } : {}),
          });
  }
}
