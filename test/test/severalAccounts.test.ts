import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JobSnapshot, TaskDoc } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { harvester } from "@granary/harvester";
import { catalogueOf, JOB_LIMITS, openDeps, runLoops } from "@granary/host";
import { memoryBus, openJournal } from "@granary/messaging";
import { monitor } from "@granary/monitor";
import {
  configSource,
  liveCatalogue,
  openLogger,
  systemClock,
  systemIds,
  watchConfig,
  type Log,
} from "@granary/runtime";
import { readLedger, type ScenarioInput, serveSimulator } from "@granary/simulator";
import { sqliteStore, watchChanges } from "@granary/store";
import { submitter } from "@granary/submitter";
import { expect, onTestFinished, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { isSettled } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const OLD = "sk-eu-old-0123456789";
const NEW = "sk-eu-new-0123456789";
const OTHER_PROJECT = "sk-elsewhere-0123456789";
const US = "sk-us-0123456789";
const KEYS = { together: [[OLD, NEW]] };
const PACE = { validatingMs: 50, jobMs: 3_000, lineMs: 0, finalizingMs: 50, jitter: 0 };

/** Where the accounts lie at the simulator, and how that differs from OpenAI. */
interface Place {
  readonly path: string;
  readonly wire: string;
  /** Long enough, unless told otherwise, that nothing is believed lost or absent within a test. */
  readonly quiet: string;
}
const AT_OPENAI: Place = { path: "openai/v1", wire: "", quiet: "2m" };

/** All three roles in this process, two accounts of OpenAI at one simulator, and their keys in files that are watched. */
async function openAccounts(scenario: ScenarioInput, { path: below, wire, quiet }: Place = AT_OPENAI) {
  const rig = await rigOfTest();
  const path = (name: string) => join(rig.folder, name);
  const simulator = await serveSimulator({ folder: path("simulator"), scenario });
  rig.defer(async () => simulator.close());
  const setKey = (name: string, key: string) => writeFileSync(path(name), `${key}\n`);
  setKey("eu", OLD);
  setKey("us", US);
  const account = (name: string) => `  - provider: openai
    name: ${name}
    mode: live
    keyFile: ${path(name)}
    baseUrl: ${simulator.url}/${below}
    profile: fast
    durations: { quiet: ${quiet}, settle: 2m, sweep: 200ms, poll: 200ms, linger: 50ms }
    ${wire}`;
  writeFileSync(path("granary.yaml"), `accounts:\n${account("eu")}\n${account("us")}\n`);
  const source = configSource({
    env: {
      GRANARY_CONFIG: path("granary.yaml"),
      GRANARY_SQLITE: path("granary.db"),
      GRANARY_ARTIFACTS: path("artifacts"),
    },
    reader: "embedded",
    readFile: (name) => readFileSync(name, "utf8"),
    jobLimits: JOB_LIMITS,
  });
  const config = source.read();
  const live = liveCatalogue(catalogueOf(config));
  const store = sqliteStore({ path: path("granary.db"), clock: systemClock, ids: systemIds });
  rig.defer(async () => store.close());
  await store.ensure();
  const journal = await openJournal(path("facts.jsonl"));
  rig.defer(async () => journal[Symbol.asyncDispose]());
  const bus = memoryBus({ clock: systemClock, journal });
  const log: Log = openLogger({ level: "silent" });
  const deps = await openDeps(config, {
    log,
    store,
    catalogue: live.catalogue,
    publish: async (facts) => bus.publish(facts),
  });
  await deps.epoch.check();
  const [submitting, monitoring] = [submitter(deps), monitor(deps)];
  await submitting.ensure();
  await monitoring.ensure();
  const workers = [...submitting.workers, ...monitoring.workers, ...harvester(deps).workers];
  const stop = new AbortController();
  let exchanges = 0;
  const seq = async () => (await store.load("sweep", "openai:eu"))?.seq ?? 0;
  const over = Promise.all([
    runLoops(
      deps,
      bus,
      async (changed, signal) => watchChanges(store, changed, { clock: systemClock, signal }),
      { workers, handle: submitting.handle, idleMs: 250 },
      stop.signal,
    ),
    watchConfig(source, {
      config,
      clock: systemClock,
      signal: stop.signal,
      everyMs: 50,
      onChange(next) {
        live.exchange(catalogueOf(next));
        exchanges += 1;
      },
      onFault: (faults) => stop.abort(new Error(JSON.stringify(faults))),
    }),
  ]);
  onTestFinished(async () => {
    stop.abort();
    await over;
  });

  return {
    async submit(requestId: string, to: string) {
      const data = { source: "shop", requestId, provider: "openai", model: "gpt-4o-mini", account: to };
      const [reply] = await submitting.handle([
        { id: systemIds.nonce(), type: "submit", data: { ...data, items: itemsOf(5) } },
      ]);
      return reply;
    },
    /** The two tasks, once their jobs run; by account. */
    running: async (): Promise<ReadonlyMap<string, TaskDoc>> =>
      waitUntil("two jobs run", async () => {
        const tasks = await store.tasks({ states: ["running"] }, { limit: 10 });
        return tasks.length === 2 && new Map(tasks.map((task) => [task.account, task]));
      }),
    /** What an account's key can see. */
    async jobs(id: string): Promise<readonly JobSnapshot[]> {
      const { provider } = live.catalogue.accounts.get(id)!;
      return (await provider.list({ after: null, signal: stop.signal })).jobs;
    },
    async exchange(key: string) {
      const before = exchanges;
      setKey("eu", key);
      await waitUntil("the new key is in force", async () => exchanges > before);
    },
    async sweeps(times: number) {
      const before = await seq();
      await waitUntil(`${times} more sweeps`, async () => (await seq()) >= before + times);
    },
    change: async (to: ScenarioInput) => {
      const response = await fetch(`${simulator.url}/scenario`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(to),
      });
      expect(response.status).toBe(200);
    },
    /** A task whose job was found in the list. */
    adopted: async () =>
      (await store.tasks({}, { limit: 10 })).find(({ jobs }) => jobs[0]?.how === "adopted"),
    task: async (id: string) => (await store.load("task", id))!,
    settles: async () => waitUntil("nothing is left to do", async () => isSettled(store), { lookMs: 50 }),
    request: async (id: string) => (await store.load("request", requestKey(systemIds, "shop", id)))!,
    creates: async () =>
      (await readLedger(path("simulator"))).flatMap((entry) => (entry.kind === "create" ? [entry] : [])),
  };
}

test("two accounts of one provider see their own jobs alone, and a task stays where it was sent", async () => {
  const accounts = await openAccounts({ pace: PACE, keys: KEYS });
  expect(await accounts.submit("a", "eu")).toMatchObject({ status: "accepted" });
  expect(await accounts.submit("b", "us")).toMatchObject({ status: "accepted" });
  expect(await accounts.submit("c", "asia")).toMatchObject({
    status: "rejected",
    faults: [{ path: "account", message: expect.stringMatching(/openai:asia is not configured/) as string }],
  });
  const tasks = await accounts.running();
  for (const id of ["openai:eu", "openai:us"])
    expect((await accounts.jobs(id)).map(({ tag }) => tag)).toEqual([tasks.get(id)?.id]);
  await accounts.settles();
  for (const [id, { id: taskId }] of tasks)
    expect(await accounts.task(taskId)).toMatchObject({ account: id, jobs: [{ how: "created" }] });
  expect((await accounts.request("a")).account).toBe("openai:eu");
  expect((await accounts.request("b")).account).toBe("openai:us");
  const creates = await accounts.creates();
  expect(new Set(creates.map(({ account }) => account)).size).toBe(2);
  expect(creates).toHaveLength(2);
}, 60_000);

test("a key that is exchanged finds the jobs that the old one created, and nothing is created twice", async () => {
  const accounts = await openAccounts({ pace: PACE, keys: KEYS });
  await accounts.submit("a", "eu");
  await accounts.submit("b", "us");
  const before = await accounts.running();
  await accounts.exchange(NEW);
  await accounts.change({ pace: PACE, keys: { ...KEYS, revoked: [OLD] } });
  await accounts.sweeps(2);
  await accounts.settles();
  for (const [id, task] of before) {
    const after = await accounts.task(task.id);
    expect(after.account).toBe(id);
    expect(after.jobs.map(({ jobId }) => jobId)).toEqual(task.jobs.map(({ jobId }) => jobId));
  }
  for (const id of ["a", "b"])
    expect(await accounts.request(id)).toMatchObject({ state: "ended", counts: { succeeded: 5 } });
  expect(await accounts.creates()).toHaveLength(2);
}, 60_000);

test("the key of another project hides a running job for a while, and makes no second one", async () => {
  const accounts = await openAccounts({ pace: PACE, keys: KEYS });
  await accounts.submit("a", "eu");
  await accounts.submit("b", "us");
  const task = (await accounts.running()).get("openai:eu")!;
  await accounts.exchange(OTHER_PROJECT);
  await accounts.sweeps(3);
  expect(await accounts.jobs("openai:eu")).toEqual([]);
  const missed = await waitUntil("the job is missed", async () => {
    const found = await accounts.task(task.id);
    return found.view?.missingSince != null && found;
  });
  expect(missed).toMatchObject({ state: "running", attempt: task.attempt });
  expect(await accounts.creates()).toHaveLength(2);
  await accounts.exchange(NEW);
  await accounts.settles();
  expect(await accounts.request("a")).toMatchObject({ state: "ended", counts: { succeeded: 5 } });
  expect(await accounts.creates()).toHaveLength(2);
}, 60_000);

test.each([
  [
    "Azure's",
    "azure",
    "wire: { keyHeader: api-key, endpoints: { /v1/chat/completions: /chat/completions } }",
  ],
  [
    "Together's",
    "together",
    "wire: { endpoints: { /v1/chat/completions: /v1/chat/completions }, purpose: batch-api, uploadPath: /files/upload, fileNameField: file_name, list: whole, tag: fileName, maxTokensParam: max_tokens }",
  ],
  [
    "Together's, of whose metadata too much was hoped,",
    "together",
    "wire: { endpoints: { /v1/chat/completions: /v1/chat/completions }, purpose: batch-api, uploadPath: /files/upload, fileNameField: file_name, list: whole, maxTokensParam: max_tokens }",
  ],
])(
  "a create whose answer is lost at an endpoint like %s is found again",
  async (_whose, name, wire) => {
    const place = { path: `compatible/${name}/v1`, wire, quiet: "1s" };
    const faults = [{ on: "create", what: "response_lost", nth: 1 }] as const;
    const accounts = await openAccounts({ pace: PACE, faults: [...faults] }, place);
    await accounts.submit("a", "eu");
    const task = await waitUntil("the lost job is adopted", async () => accounts.adopted());
    expect(task).toMatchObject({ account: "openai:eu", attempt: 1 });
    await accounts.settles();
    expect(await accounts.request("a")).toMatchObject({ state: "ended", counts: { succeeded: 5 } });
    const creates = await accounts.creates();
    expect(creates.map(({ tag, answer, jobId }) => ({ tag, answer, jobId }))).toEqual([
      { tag: task.id, answer: "lost", jobId: task.jobs[0]?.jobId },
    ]);
  },
  60_000,
);
