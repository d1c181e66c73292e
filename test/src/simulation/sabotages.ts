/** One guard taken out: a text of a source file, and what stands there instead. */
export interface Sabotage {
  readonly name: string;
  /** What the guard is for, in terms of what goes wrong without it. */
  readonly without: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Where to begin to look: a seed that has missed this guard before, and may do so for as long as no draw changes. */
  readonly seed: number;
}

/** Guards that the simulation must miss when they are gone. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: "no verdicts file",
    seed: 58,
    without: "two harvesters apply what each decided for itself",
    file: "services/harvester/src/harvestTask.ts",
    find: "  await pauseWhereLimited(deps, task);\n",
    replace: "  await pauseWhereLimited(deps, task);\n  await applyVerdicts(deps, task, verdicts);\n",
  },
  {
    name: "no last look",
    seed: 206,
    without: "a create that slept since its intent is sent after its absence was believed",
    file: "services/submitter/src/createJob.ts",
    find: "const LAST_LOOK_MS = 5_000;",
    replace: "const LAST_LOOK_MS = Infinity;",
  },
  {
    name: "parent settled first",
    seed: 484,
    without: "a request closes while an item is about to travel again",
    file: "services/harvester/src/applyVerdicts.ts",
    find: "  for (const slices of pages(children)) await store.insertSlices(slices);\n  for (const rows of pages([...sums.values()]))\n    await store.settleSlices(rows.map(({ settlement }) => settlement));\n",
    replace:
      "  for (const rows of pages([...sums.values()]))\n    await store.settleSlices(rows.map(({ settlement }) => settlement));\n  for (const slices of pages(children)) await store.insertSlices(slices);\n",
  },
  {
    name: "wake raises no version",
    seed: 2,
    without: "a wake that comes between a look and the release is lost",
    file: "libs/store/src/sqlite/claims.ts",
    find: 'return `UPDATE ${kind} SET version = version + 1, "by"',
    replace: 'return `UPDATE ${kind} SET version = version, "by"',
  },
  {
    name: "open slices asked state by state",
    seed: 26,
    without: "a slice that moves between two looks is seen by neither",
    file: "services/monitor/src/watchRequest.ts",
    find: "if (await store.hasOpenSlice(held.id)) {",
    replace: `const lookFor = async (state: string): Promise<boolean> =>
      (await store.slicesOf({ request: held.id, open: true }, { limit: 1000 })).some((slice) => slice.state === state);
    if (
      (await lookFor("ending")) ||
      (await lookFor("harvesting")) ||
      (await lookFor("placed")) ||
      (await lookFor("pending"))
    ) {`,
  },
  {
    name: "void released only once",
    seed: 5,
    without: "a late packer's slice stays in a task that came to nothing",
    file: "services/submitter/src/submitTask.ts",
    find: "const VOID_LIFE_MS = 24 * 3_600_000;",
    replace: "const VOID_LIFE_MS = 0;",
  },
  {
    name: "sweep counted by any claim",
    seed: 4,
    without: "a pass that was overtaken counts as proof of absence",
    file: "services/monitor/src/sweepAccount.ts",
    find: "{ at, release: true, dueAt: at + jittered(deps, settings.durations.sweepMs) },",
    replace: "{ at, asOwner: false, release: true, dueAt: at + jittered(deps, settings.durations.sweepMs) },",
  },
  {
    name: "grant dropped without signal",
    seed: 122,
    without: "a late admitter's write still fits, and a limit is passed",
    file: "services/submitter/src/admitTask.ts",
    find: 'if (other?.state === "planned") await store.signal("task", [other.id], { type: "wake" });',
    replace: 'if (other?.state === "nothing") await store.signal("task", [other.id], { type: "wake" });',
  },
  {
    name: "result file removed when it was downloaded",
    seed: 1,
    without: "answers that were paid for are gone before they lie here",
    file: "services/harvester/src/fetchRaw.ts",
    find: "    const { bytes } = await provider.download(fileId, { signal });\n",
    replace:
      "    const { bytes } = await provider.download(fileId, { signal });\n    await provider.remove(fileId, { signal });\n",
  },
  {
    name: "guess kept whatever its results say",
    seed: 43,
    without: "another program's job passes for ours, and its answers for nobody's",
    file: "services/monitor/src/watchTask.ts",
    find: "if (owner !== null && owner !== held.id) {",
    replace: "if (owner !== null && owner === FOREIGN && held.id === FOREIGN) {",
  },
  {
    name: "results of strangers not looked into",
    seed: 1,
    without: "of several jobs that may be ours nobody ever knows which is",
    file: "services/monitor/src/hiddenTags.ts",
    find: "const LOOKS_A_PASS = 20;",
    replace: "const LOOKS_A_PASS = 0;",
  },
  {
    name: "unknown answer taken for a refusal",
    seed: 1,
    without: "a create whose answer was lost is sent again while its job runs",
    file: "libs/domain/src/task.ts",
    find: 'return [{ type: "createUnknown", error: { code: answer.code, message: answer.message, at } }];',
    replace:
      'return [{ type: "refused", waitsFor: "unreachable", error: { code: answer.code, message: answer.message, at }, fileGone: false }];',
  },
  {
    name: "version not looked at",
    seed: 19,
    without: "a stale write undoes what was decided since",
    file: "libs/store/src/sqlite/documents.ts",
    find: "WHERE id = :id AND version = :version ${claim} RETURNING",
    replace: "WHERE id = :id AND (version = :version OR 1) ${claim} RETURNING",
  },
  {
    name: "restore check dropped",
    seed: 1000,
    without: "a store that was put back creates again what it has forgotten",
    file: "libs/runtime/src/epochGuard.ts",
    find: "if (kept <= epoch || noticed) return;",
    replace: "if (kept <= epoch || noticed || kept > 0) return;",
  },
  {
    name: "quiet period dropped",
    seed: 162,
    without: "a job that listings show late is created again",
    file: "services/monitor/src/reconcileTask.ts",
    find: "const quiet = at - intent.at >= durations.quietMs;",
    replace: "const quiet = true;",
  },
  {
    name: "absence believed at once",
    seed: 89,
    without: "a job that the first listing does not show is created again",
    file: "services/monitor/src/reconcileTask.ts",
    find: "if (!(clean && quiet) && !isDeclared) {",
    replace: "if (!(clean && quiet) && !isDeclared && seq < 0) {",
  },
  {
    name: "a single 404 ends a job",
    seed: 6,
    without: "answers that were paid for are given up because a job was denied once",
    file: "services/monitor/src/watchTask.ts",
    find: "const lost = at - missingSince >= Math.max(durations.quietMs, durations.settleMs);",
    replace: "const lost = at - missingSince >= 0;",
  },
  {
    name: "outbox forgotten",
    seed: 1,
    without: "an end is written and never told",
    file: "libs/store/src/sqlite/documents.ts",
    find: "      addFacts(db, facts, at);\n      return { saved",
    replace: '      if (next.state !== "ended") addFacts(db, facts, at);\n      return { saved',
  },
];
