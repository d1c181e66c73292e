import type { RequestDoc, Store, TaskCommand, TaskDoc } from "@granary/domain";
import { changeRequest, changeTask, LeaseLost, NO_COUNTS, NO_USAGE, StoreUnavailable } from "@granary/domain";
import { expect, test } from "vitest";
import { change, claim, loopMetrics, observedStore, openMetrics, runStep } from "../src/index.ts";
import { aSweep, ID, openRig, START, sweeper } from "./rig.ts";
import { counted } from "./scraped.ts";
import { aRequest, aTask, COMMANDS, VERDICTS } from "./workDocuments.ts";

async function observedRig() {
  const rig = await openRig();
  const metrics = openMetrics({
    service: "submitter",
    version: "1",
    commit: "c",
    accounts: [{ id: ID, provider: "openai", mode: "simulated" }],
    runtime: false,
  });
  const store = observedStore(rig.store, metrics, rig.clock);
  /** Writes one command after the other, as a task's owners do. */
  async function lead(task: TaskDoc, ...commands: readonly TaskCommand[]): Promise<TaskDoc> {
    let held = task;
    for (const command of commands) {
      const next = await change(store, "task", held, (doc) => changeTask(doc, command), { at: START });
      held = next ?? held;
    }
    return held;
  }
  async function planned(): Promise<TaskDoc> {
    await store.insertOnce("task", aTask());
    return lead((await store.load("task", aTask().id))!, COMMANDS.seal(0));
  }
  return { ...rig, plain: rig.store, store, metrics, lead, planned };
}

test("a task's way to its end moves transitions, submissions, durations, lines and tokens", async () => {
  const { lead, planned, metrics } = await observedRig();
  await lead(
    await planned(),
    COMMANDS.admit,
    COMMANDS.intend(40, "n1"),
    COMMANDS.created(41),
    COMMANDS.ended(641),
    COMMANDS.commit,
    COMMANDS.finish(671),
  );
  expect(await counted(metrics, "granary_transitions_total")).toEqual(
    [
      "submitter packing planned 1",
      "submitter planned submitting 1",
      "submitter submitting running 1",
      "submitter running harvesting 1",
      "submitter harvesting settling 1",
      "submitter settling ended 1",
    ].toSorted(),
  );
  expect(await counted(metrics, "granary_submissions_total")).toEqual(["openai created 1"]);
  expect(await counted(metrics, "granary_state_duration_seconds_sum")).toEqual([
    "openai harvesting 30",
    "openai planned 40",
    "openai running 600",
  ]);
  expect(await counted(metrics, "granary_job_duration_seconds_sum")).toEqual(["openai gpt-x 600"]);
  expect(await counted(metrics, "granary_cost_dollars_total")).toEqual(["openai gpt-x 0.000007"]);
  expect(await counted(metrics, "granary_unpriced_tasks_total")).toEqual([]);
  expect(await counted(metrics, "granary_lines_total")).toEqual([
    "openai duplicate 2",
    "openai expired 1",
    "openai missing 1",
    "openai refused 1",
    "openai retried 1",
    "openai succeeded 6",
  ]);
  expect(await counted(metrics, "granary_tokens_total")).toEqual([
    "openai cached 25",
    "openai input 100",
    "openai output 40",
  ]);
});

test("a task whose price is not known adds no dollars, and is counted for it", async () => {
  const { lead, planned, metrics } = await observedRig();
  await lead(
    await planned(),
    COMMANDS.admit,
    COMMANDS.intend(40, "n1"),
    COMMANDS.created(41),
    COMMANDS.ended(641),
    { type: "commitVerdicts", verdicts: { ...VERDICTS, costMicros: null } },
  );
  expect(await counted(metrics, "granary_cost_dollars_total")).toEqual([]);
  expect(await counted(metrics, "granary_unpriced_tasks_total")).toEqual(["openai 1"]);
});

test("a create that is refused, lost, adopted and doubled is each counted for what it was", async () => {
  const { lead, planned, metrics, store } = await observedRig();
  const refused = await lead(
    await planned(),
    COMMANDS.admit,
    COMMANDS.intend(1, "n1"),
    COMMANDS.refused(2),
    COMMANDS.admit,
    COMMANDS.intend(3, "n2"),
    COMMANDS.unknown(4),
  );
  expect(refused.state).toBe("unknown");
  for (const jobId of ["batch_1", "batch_2"])
    await store.signal("task", [refused.id], { type: "job", jobId, at: START, how: "adopted" });
  const seen = (await store.load("task", refused.id))!;
  await lead(seen, COMMANDS.adopt(5), COMMANDS.cancelSurplus(6), COMMANDS.cancelSurplus(7));
  expect(await counted(metrics, "granary_submissions_total")).toEqual([
    "openai adopted 1",
    "openai refused 1",
    "openai unknown 1",
  ]);
  expect(await counted(metrics, "granary_duplicate_provider_jobs_total")).toEqual(["openai 1"]);
});

test("an upload that is refused is no submission", async () => {
  const { lead, planned, metrics } = await observedRig();
  const back = await lead(await planned(), COMMANDS.admit, COMMANDS.refused(2));
  expect([back.state, await counted(metrics, "granary_submissions_total")]).toEqual(["planned", []]);
});

test("a write that does not fit says why: version, state or claim", async () => {
  const { store, metrics, planned, lead } = await observedRig();
  const held = await planned();
  await store.signal("task", [held.id], { type: "end", at: 1, why: "cancelled" });
  await store.save("task", held, held);
  const current = (await store.load("task", held.id))!;
  await lead(current, { type: "finishUnsent", at: 1 });
  await store.save("task", current, current);
  await store.freeLeases({ except: "process-2" });
  await store.claimDue("task", { duty: "harvester", owner: "process-2", leaseMs: 1, limit: 1 });
  await store.saveMany("task", [{ held: current, next: current, options: {} }]);
  await store.saveMany("task", [{ held: current, next: current, options: { asOwner: false } }]);
  expect(await counted(metrics, "granary_transition_conflicts_total")).toEqual([
    "submitter claim 1",
    "submitter state 2",
    "submitter version 1",
  ]);
});

test("a request's end is measured from its acceptance, once", async () => {
  const { store, metrics } = await observedRig();
  await store.insertOnce("request", aRequest());
  const lead = async (decide: (doc: RequestDoc) => ReturnType<typeof changeRequest>) =>
    change(store, "request", (await store.load("request", "rqaaaa"))!, decide, { at: START });
  await lead((doc) => changeRequest(doc, { type: "open" }));
  await lead((doc) => changeRequest(doc, { type: "close" }));
  const counts = { ...NO_COUNTS, succeeded: 9, failed: 1 };
  const totals = { counts, costMicros: 1, usage: NO_USAGE, cutByUs: false };
  const results = { inline: [] };
  await lead((doc) => changeRequest(doc, { type: "complete", at: START + 90_000, totals, results }));
  await lead((doc) => changeRequest(doc, { type: "revise", revision: 1, replay: "t:1", totals, results }));
  expect(await counted(metrics, "granary_end_to_end_seconds_sum")).toEqual(["openai partial 90"]);
  expect(await counted(metrics, "granary_end_to_end_seconds_count")).toEqual(["openai partial 1"]);
});

test("a run of a step moves the counters of loop and store", async () => {
  const rig = await observedRig();
  const { store, clock, metrics } = rig;
  const deps = { ...rig, metrics: loopMetrics(metrics) };
  await store.insertOnce("sweep", aSweep());
  const worker = sweeper(async (held) => {
    await clock.move(250);
    await store.release("sweep", held, START + 60_000);
  });
  const [held] = await claim(deps, worker, 1);
  await runStep(deps, worker, held!, new AbortController().signal);
  const lost = sweeper(async () => {
    throw new LeaseLost("sweep", ID);
  });
  await runStep(deps, lost, held!, new AbortController().signal);
  expect(await counted(metrics, "granary_claims_total")).toEqual(["submitter sweep 1"]);
  expect(await counted(metrics, "granary_steps_total")).toEqual(["submitter lease_lost 1", "submitter ok 1"]);
  expect(await counted(metrics, "granary_lease_lost_total")).toEqual(["submitter 1"]);
  const calls = await counted(metrics, "granary_store_command_duration_seconds_count");
  expect(calls).toEqual(["claimDue 1", "insertOnce 1", "release 1"]);
});

test("a call that fails is timed and counted, and its error is the store's own", async () => {
  const { plain, clock, metrics } = await observedRig();
  const away = new StoreUnavailable("away");
  const failing: Store = {
    ...plain,
    load: async () => {
      await clock.move(2_000);
      throw away;
    },
  };
  const store = observedStore(failing, metrics, clock);
  await expect(store.load("task", "x")).rejects.toBe(away);
  expect(await counted(metrics, "granary_store_failures_total")).toEqual(["submitter 1"]);
  expect(await counted(metrics, "granary_store_command_duration_seconds_sum")).toEqual(["load 2"]);
});

test("what only this adapter has stays as it was", async () => {
  const { plain, store } = await observedRig();
  expect(Object.keys(store).toSorted()).toEqual(Object.keys(plain).toSorted());
  expect(await store.now()).toBe(await plain.now());
  await store.close();
});

test("what becomes of an ended task's files at the provider is counted once, each try that failed by itself", async () => {
  const { lead, planned, metrics } = await observedRig();
  await lead(
    await planned(),
    COMMANDS.admit,
    { type: "recordFile", file: { id: "file_1", expiresAt: null } },
    COMMANDS.intend(40, "n1"),
    COMMANDS.created(41),
    COMMANDS.ended(641),
    { type: "recordRaw", raw: { path: "rq/raw", sha256: "", bytes: 1, kind: "results", lines: 12 } },
    COMMANDS.commit,
    { type: "finish", at: START, removeFiles: true },
    { type: "failFiles" },
    { type: "failFiles" },
    { type: "closeFiles", at: START, outcome: "removed" },
    { type: "closeFiles", at: START, outcome: "left" },
  );
  expect(await counted(metrics, "granary_provider_file_removals_total")).toEqual([
    "openai failed 2",
    "openai removed 1",
  ]);
});
