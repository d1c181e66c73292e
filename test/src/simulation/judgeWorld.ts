import { verify } from "@granary/checker";
import { FACT_PREFIX, lineOf, taskFolder } from "@granary/domain";
import type { OutputValidator } from "@granary/domain";
import { outputValidator } from "@granary/providers";
import { readManifestRows } from "./manifestRows.ts";
import type { World } from "./world.ts";

/**
 * Everything that is wrong in a world at rest: the checker's findings, and what only a simulation can witness.
 * @param restored the store was put back to an older copy
 */
export async function judgeWorld(world: World, restored: boolean): Promise<readonly string[]> {
  const found = await findings(world);
  return [
    ...(restored ? found.filter((finding) => !ORPHANED.some((told) => told.test(finding))) : found),
    ...world.incidents,
    ...limitFaults(world),
    ...(await paidTwice(world)),
    ...completedTwice(world),
    ...touchedForeign(world),
    ...(await removedTooSoon(world, restored)),
    ...(await lostOrTurnedDown(world)),
  ];
}

/**
 * What a checker finds in a restored store where a request had ended before the job that carries it was looked at: the
 * job, or a part of it, is nobody's. That no item of it travelled twice is judged by the manifests, of such jobs, too.
 */
const ORPHANED = [/^V8 .* which is no task$/, /^V7 .* which was sent, and in no task$/];

/** One validator a schema for all seeds of a process: compiling costs more than a seed's whole judgement. */
const validators = new Map<string, OutputValidator>();

/** What the checker finds, with all it can be given. */
async function findings(world: World): Promise<readonly string[]> {
  const report = await verify(
    {
      store: world.store,
      artifacts: world.artifacts,
      instance: "test",
      accounts: world.catalogue.accounts,
      prices: world.catalogue.prices,
      outputValidator(schema) {
        const key = JSON.stringify(schema);
        const known = validators.get(key) ?? outputValidator(schema);
        validators.set(key, known);
        return known;
      },
      facts: world.published.filter(({ id }) => !id.startsWith("rejected:")),
      ledger: world.provider.jobs.map(({ jobId, tag, createdAt, customIds, end }) => ({
        jobId,
        tag,
        at: createdAt,
        lines: customIds.length,
        customIds,
        status: end,
      })),
    },
    { quiet: true, now: world.scheduler.now() },
  );
  return report.findings.map(({ rule, id, message }) => `${rule} ${id}: ${message}`);
}

/** The gate: never more jobs under way than the account takes. */
function limitFaults({ provider, maxJobs, lateListings }: World): readonly string[] {
  if (lateListings) return [];
  const most = provider.mostLive();
  return most > maxJobs ? [`${most} jobs under way at once, of ${maxJobs} allowed`] : [];
}

/** The ledger against the manifests: no job twice for a task, and no item of a slice in two jobs. */
async function paidTwice(world: World): Promise<readonly string[]> {
  const { provider, artifacts, store, lateListings } = world;
  const faults: string[] = [];
  const byTag = Map.groupBy(provider.jobs, ({ tag }) => tag);
  const carriedBy = new Map<string, string>();
  for (const [tag, jobs] of byTag) {
    const task = await store.load("task", tag);
    // A second job that listings hid for too long is found, cancelled and counted: that is what is promised then.
    const closed = new Set(task?.jobs.flatMap((job) => (job.closedAt === null ? [] : [job.jobId])));
    const extra = lateListings ? jobs.filter(({ jobId }) => !closed.has(jobId)) : jobs;
    if (extra.length > 1)
      faults.push(
        `task ${tag} was created ${extra.length} times: ${extra.map(({ jobId }) => jobId).join(", ")}`,
      );
    const manifest = task?.manifest?.path ?? (await manifestOf(world, tag));
    if (manifest === null) {
      faults.push(`job ${jobs[0]?.jobId} carries ${tag}, which has no manifest`);
      continue;
    }
    const rows = await readManifestRows(artifacts, manifest);
    for (const { jobId, customIds } of extra)
      for (const id of customIds) {
        const row = rows[lineOf(tag, id) ?? -1];
        const item = row ? `${row.slice}:${row.ordinal}` : `nothing of ${tag}`;
        const other = carriedBy.get(item);
        if (!row || other) faults.push(`${item} travelled in ${jobId}${other ? ` and in ${other}` : ""}`);
        carriedBy.set(item, jobId);
      }
  }
  return faults;
}

/** The manifest of a task that the store does not know. */
async function manifestOf({ artifacts, store }: World, tag: string): Promise<string | null> {
  const requests = await store.requests({}, { limit: 1_000 });
  for (const request of [null, ...requests.map(({ id }) => id)]) {
    const path = `${taskFolder({ id: tag, request })}/manifest.jsonl`;
    if (await artifacts.stat(path)) return path;
  }
  return null;
}

/** Another program's job may be mistaken for ours for a while; it is never cancelled, and never kept. */
function touchedForeign({ provider }: World): readonly string[] {
  return provider.foreign.flatMap(({ jobId, cancelAskedAt }) =>
    cancelAskedAt === null ? [] : [`${jobId} is another program's, and was cancelled`],
  );
}

/** A result file is removed only where its task has ended and has something of each line that was in it. */
async function removedTooSoon(
  { provider, store, artifacts }: World,
  restored: boolean,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const fileId of provider.removed) {
    const job = [...provider.jobs, ...provider.foreign].find(({ jobId }) => fileId.startsWith(`${jobId}.`));
    const task = job && (await store.load("task", job.tag));
    // Removed in a life that a restored store has forgotten.
    if (job && !task && restored) continue;
    const text = fileId.endsWith(".results") ? job?.results : job?.failures;
    let here = "";
    for (const { path } of task?.raw ?? [])
      for await (const chunk of artifacts.read(path)) here += Buffer.from(chunk).toString();
    const lost = job?.customIds.filter((id) => text?.includes(`"${id}"`) && !here.includes(`"${id}"`)) ?? [];
    if (task?.state !== "ended" || lost.length > 0)
      faults.push(`${fileId} was removed, and ${task?.id ?? "nobody"} lacks ${lost.join(", ") || "an end"}`);
  }
  return faults;
}

/** A request's end is told under one id, however often it is published. */
function completedTwice({ published }: World): readonly string[] {
  const ids = new Map<string, Set<string>>();
  for (const { type, subject, id } of published) {
    if (type !== `${FACT_PREFIX}request.completed`) continue;
    ids.set(subject, (ids.get(subject) ?? new Set()).add(id));
  }
  return [...ids].flatMap(([subject, told]) =>
    told.size > 1 ? [`request ${subject} completed ${told.size} times`] : [],
  );
}

/** No job is ever gone here, so none may be given up as lost; and nothing is rejected that was not turned down. */
async function lostOrTurnedDown({ store, provider }: World): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { id } of await store.requests({}, { limit: 1_000 }))
    for (const { ordinal, reason, taskId } of await store.outcomes(id, { limit: 1_000 }))
      if (reason === "job_lost" || (reason === "job_rejected" && !provider.turnedDown.has(taskId ?? "")))
        faults.push(
          `${id}:${ordinal} ended as ${reason}, and the job of ${taskId} was neither gone nor turned down`,
        );
  return faults;
}
