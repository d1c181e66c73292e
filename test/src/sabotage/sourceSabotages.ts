import type { Removal } from "./withoutGuard.ts";

/** A test, by where it stands and what it is called. */
export interface NamedTest {
  /** The package's folder, from the root. */
  readonly project: string;
  /** Its file, from the package's folder. */
  readonly file: string;
  /** Its whole name, with those of the groups around it. */
  readonly name: string;
}

/** A guard that no simulation sees, because it stands at a port that the simulation replaces. */
export interface SourceSabotage extends Removal {
  readonly name: string;
  /** What the guard is for, in terms of what goes wrong without it. */
  readonly without: string;
  /** The test that must miss it. */
  readonly test: NamedTest;
}

/** Guards at the edges, each with the test that must fail without it. */
export const SOURCE_SABOTAGES: readonly SourceSabotage[] = [
  {
    name: "SDK retries on",
    without: "the SDK sends a create again whose first answer was an error of the server",
    file: "libs/providers/src/openai/openaiProvider.ts",
    find: "              maxRetries: 0,\n",
    replace: "              maxRetries: 2,\n",
    test: {
      project: "libs/providers",
      file: "test/create.test.ts",
      name: "the closed list of answers 500",
    },
  },
  {
    name: "a command leaves before it is handled",
    without: "a command whose handling failed is gone",
    file: "libs/messaging/src/commandQueue.ts",
    find: "      queue.unshift(...batch);\n",
    replace: "",
    test: {
      project: "libs/messaging",
      file: "test/memoryBus.test.ts",
      name: "commands whose handler threw come again after the delay, in their order, before later ones",
    },
  },
  {
    name: "facts dropped before they are published",
    without: "what the bus did not take is told to nobody",
    file: "libs/runtime/src/relay.ts",
    find: "  await bus.publish(facts);\n  await store.dropFacts(facts.map(({ id }) => id));\n",
    replace: "  await store.dropFacts(facts.map(({ id }) => id));\n  await bus.publish(facts);\n",
    test: { project: "libs/runtime", file: "test/relay.test.ts", name: "what the bus did not take stays" },
  },
  {
    name: "store not forced to disk",
    without: "a loss of power takes back what was committed",
    file: "libs/store/src/sqlite/connection.ts",
    find: "PRAGMA synchronous = FULL",
    replace: "PRAGMA synchronous = NORMAL",
    test: {
      project: "libs/store",
      file: "test/sqliteFile.test.ts",
      name: "the file keeps a write-ahead log, and forces it to disk at every commit",
    },
  },
  {
    name: "fsync of an artifact skipped",
    without: "a loss of power leaves a name with other bytes than were hashed",
    file: "libs/artifacts/src/writeHashed.ts",
    find: "    await file.sync();\n",
    replace: "",
    test: {
      project: "libs/artifacts",
      file: "test/durability.test.ts",
      name: "a file is forced to disk before its folder names it, and the folder before the put is answered",
    },
  },
  {
    name: "fsync of a folder skipped",
    without: "a loss of power takes a file's name back after it was recorded",
    file: "libs/artifacts/src/folderArtifacts.ts",
    find: "    await syncFolder(dirname(place));\n",
    replace: "",
    test: {
      project: "libs/artifacts",
      file: "test/durability.test.ts",
      name: "a put that finds its file there forces the folder to disk all the same",
    },
  },
  {
    name: "fsync of the journal skipped",
    without: "a loss of power takes back facts that the outbox has dropped",
    file: "libs/messaging/src/journal.ts",
    find: "    await file.datasync();\n",
    replace: "",
    test: {
      project: "libs/messaging",
      file: "test/journalDurability.test.ts",
      name: "an append is answered only after its lines were forced to disk",
    },
  },
  {
    name: "an earlier intent overlooked",
    without: "a store that was put back sends a create again that lies beside its manifest",
    file: "services/submitter/src/createJob.ts",
    find: "  if (!existed) return null;\n",
    replace: '  if (!existed || path !== "") return null;\n',
    test: {
      project: "services/submitter",
      file: "test/createJob.test.ts",
      name: "a create whose intent's file is there already is unknown: the store is older than the truth",
    },
  },
  {
    name: "membership not sealed",
    without: "a slice that another packer won is sent in two jobs",
    file: "services/submitter/src/packAccount.ts",
    find: "const placed = await placedIn(deps, id, slices);",
    replace: "const placed = slices;",
    test: {
      project: "services/submitter",
      file: "test/packAccount.test.ts",
      name: "packing by two packers at once places each slice once",
    },
  },
  {
    name: "checker blind to second jobs",
    without: "a run that paid twice passes for clean",
    file: "libs/checker/src/checkJobs.ts",
    find: "    if (!known.has(job.jobId) && !mayBeOnItsWay(checking, task, job)) {",
    replace: "    if (known.has(job.jobId) && !mayBeOnItsWay(checking, task, job)) {",
    test: {
      project: "libs/checker",
      file: "test/jobs.test.ts",
      name: "V7 and V8 name a job of ours that its task does not know",
    },
  },
  {
    name: "checker blind to everything",
    without: "whatever is wrong, nobody is told",
    file: "libs/checker/src/notebook.ts",
    find: "    found(rule, id, message, ids = {}) {\n",
    replace: "    found(rule, id, message, ids = {}) {\n      if (id) return;\n",
    test: {
      project: "libs/checker",
      file: "test/slices.test.ts",
      name: "V5 names slices that are left in a void or an ended task",
    },
  },
];
