import { setImmediate as nextTurn } from "node:timers/promises";
import type { TaskDoc } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { admitTask } from "../src/admitTask.ts";
import { ACCOUNT, MODEL, openRig, submit } from "./rig.ts";
import type { Rig, RigOptions } from "./rig.ts";

const FILTER = { duty: "submitter", owner: "submitter-1", leaseMs: 60_000 } as const;

/** As many planned tasks of their own, all claimed. */
async function rigWithTasks(
  count: number,
  options: RigOptions = {},
): Promise<{ rig: Rig; tasks: readonly TaskDoc[] }> {
  const rig = await openRig(options);
  await rig.handle(
    ...Array.from({ length: count }, (_, at) => submit(`r${at}`, { isolate: true, source: `s${at}` })),
  );
  await rig.packed();
  return { rig, tasks: await rig.store.claimDue("task", { ...FILTER, limit: count }) };
}

const statesIn = async (rig: Rig) =>
  (await rig.tasks()).map(({ state }) => state).toSorted((a, b) => a.localeCompare(b));

describe("the gate", () => {
  it("lets through no more than fit, also where all come at once", async () => {
    const { rig, tasks } = await rigWithTasks(5, { limits: { jobs: 2 } });
    const results = await Promise.all(tasks.map(async (task) => admitTask(rig.deps, task)));
    expect(results.filter((result) => "admitted" in result)).toHaveLength(2);
    expect(await statesIn(rig)).toEqual(["planned", "planned", "planned", "submitting", "submitting"]);
    const held = results.filter((result) => "held" in result);
    expect(held.map((result) => result.held.waitsFor)).toEqual(["limit", "limit", "limit"]);
  });

  it("comes to an end also where admitters in step undo each other's rounds", async () => {
    const { rig, tasks } = await rigWithTasks(5);
    // A write takes as long as a whole round of somebody else's: each is woken before its own arrives.
    const save = rig.store.save.bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
    const slowly = async (...args: unknown[]): Promise<unknown> => {
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      return save(...args);
    };
    Object.assign(rig.store, { save: slowly });
    const results = await Promise.all(tasks.map(async (task) => admitTask(rig.deps, task)));
    Object.assign(rig.store, { save });
    for (const result of results) expect("admitted" in result || "held" in result ? true : result).toBe(true);
    const held = results.flatMap((result) => ("held" in result ? [result.held.waitsFor] : []));
    expect(new Set(held)).toEqual(new Set(held.length > 0 ? ["grant"] : []));
    // Whoever was held has its turn next time.
    const again = results.flatMap((result) => ("held" in result ? [result.task] : []));
    for (const task of again) expect(await admitTask(rig.deps, task)).toHaveProperty("admitted");
    expect(await statesIn(rig)).toEqual(Array.from({ length: 5 }, () => "submitting"));
  });

  it("signals a task whose grant was left behind, so that its late admitter's write no longer fits", async () => {
    const { rig, tasks } = await rigWithTasks(2, { limits: { jobs: 1 } });
    const [late, next] = tasks as [TaskDoc, TaskDoc];
    const save = rig.store.save.bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
    let stalled = false;
    let overtaken: unknown;
    Object.assign(rig.store, {
      save: async (...args: unknown[]) => {
        if (!stalled && (args[1] as TaskDoc).id === late.id) {
          stalled = true;
          overtaken = await admitTask(rig.deps, next);
        }
        return save(...args);
      },
    });
    // The late one holds the grant, sleeps before its write, and comes back to a gate that has moved on.
    expect(await admitTask(rig.deps, late)).toMatchObject({ held: { waitsFor: "limit" } });
    expect(overtaken).toHaveProperty("admitted");
    expect(await statesIn(rig)).toEqual(["planned", "submitting"]);
  });

  it("takes over a grant that a dead process left on the same task", async () => {
    const { rig, tasks } = await rigWithTasks(1);
    const { version } = await rig.store.gate("test");
    await rig.store.grant(version, { taskId: tasks[0]!.id, at: rig.now() });
    expect(await admitTask(rig.deps, tasks[0]!)).toMatchObject({ admitted: { state: "submitting" } });
  });

  it.each([
    ["ended", { type: "end", at: 1, why: "cancelled" }],
    ["found at the provider", { type: "job", jobId: "batch_7", at: 1, how: "adopted" }],
  ] as const)("leaves alone a task that was %s meanwhile", async (_name, signal) => {
    const { rig, tasks } = await rigWithTasks(1);
    await rig.store.signal("task", [tasks[0]!.id], signal);
    expect(await admitTask(rig.deps, tasks[0]!)).toEqual({ moot: true });
    expect(await statesIn(rig)).toEqual(["planned"]);
  });

  it("leaves alone a task that went to another owner", async () => {
    const { rig, tasks } = await rigWithTasks(1);
    rig.move(60_001);
    await rig.store.claimDue("task", { ...FILTER, owner: "submitter-2", limit: 1 });
    expect(await admitTask(rig.deps, tasks[0]!)).toEqual({ moot: true });
  });
});

describe("a planned task", () => {
  it.each([
    ["jobs", { jobs: 0 }, "limit"],
    ["tokens of its model", { tokensPerModel: 1 }, "operator"],
    ["creates a minute", { createsPerMinute: 0 }, "limit"],
    ["money a day", { dailyMicros: 0 }, "budget"],
  ] as const)(
    "that has no room for %s says what it waits for, once, and is looked at again",
    async (_name, limits, waitsFor) => {
      const { rig, tasks } = await rigWithTasks(1);
      await rig.store.release("task", tasks[0]!, rig.now());
      const settings = rig.deps.catalogue.accounts.get(ACCOUNT)!.settings;
      Object.assign(settings, { limits: { ...settings.limits, ...limits } });
      await rig.turn("submitTask");
      const held = await rig.doc("task", tasks[0]!.id);
      expect(held).toMatchObject({ state: "planned", waitsFor, owner: null });
      expect(held.dueAt).toBeGreaterThan(rig.now());
      rig.move(held.dueAt! - rig.now());
      await rig.turn("submitTask");
      expect((await rig.doc("task", held.id)).version).toBe(held.version);
      expect(rig.provider.creates).toEqual([]);
    },
  );

  it("waits for a pause to end; then one goes ahead as a probe, and the others wait for it", async () => {
    const { rig, tasks } = await rigWithTasks(3);
    const pause = { until: rig.now() + 30_000, why: "limit", code: "429" } as const;
    await rig.store.signal("account", [ACCOUNT], { type: "pause", scope: `create:${MODEL}`, pause });
    for (const task of tasks)
      expect(await admitTask(rig.deps, task)).toMatchObject({
        held: { waitsFor: "limit", untilAt: pause.until },
      });
    rig.move(30_000);
    const results = [];
    for (const task of tasks) results.push(await admitTask(rig.deps, task));
    expect(results.map((result) => Object.keys(result)[0])).toEqual(["admitted", "held", "held"]);
  });

  it("from which somebody was taken out before anything was sent is void, and the others are packed anew", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"), submit("b"));
    const [task] = await rig.packed();
    const [first] = await rig.store.slicesOf({ taskId: task!.id }, { limit: 9 });
    await rig.store.moveSlices({
      which: { ids: [first!.id] },
      from: ["placed"],
      to: "ending",
      set: { endedBy: "cancelled" },
    });
    await rig.turn("submitTask");
    await rig.turn("submitTask");
    await rig.turn("packAccount");
    expect(await statesIn(rig)).toEqual(["planned", "void"]);
    expect(rig.provider.uploads).toEqual([]);
  });

  it("that nobody is left in after an attempt ends without another", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const [task] = await rig.packed();
    rig.provider.answer = async () => ({
      type: "refused",
      why: "limit",
      code: "429",
      message: "slow down",
      retryAfterMs: 1,
    });
    await rig.turn("submitTask");
    await rig.store.moveSlices({
      which: { taskId: task!.id },
      from: ["placed"],
      to: "ending",
      set: { endedBy: "cancelled" },
    });
    rig.move(60_000);
    await rig.turn("submitTask");
    expect(await rig.doc("task", task!.id)).toMatchObject({
      state: "harvesting",
      noFetch: "ended",
      attempt: 1,
    });
    expect(rig.provider.creates).toHaveLength(1);
  });

  it("waits for a sweep while the store is known to be older than the truth", async () => {
    const { rig, tasks } = await rigWithTasks(1);
    await rig.store.release("task", tasks[0]!, rig.now());
    Object.assign(rig.deps, { epoch: { waitsFor: () => "sweep" } });
    await rig.turn("submitTask");
    expect(await rig.doc("task", tasks[0]!.id)).toMatchObject({
      state: "planned",
      waitsFor: "sweep",
      dueAt: rig.now() + 1_000,
    });
    Object.assign(rig.deps, { epoch: { waitsFor: () => null } });
    rig.move(1_000);
    await rig.turn("submitTask");
    expect((await rig.doc("task", tasks[0]!.id)).state).toBe("running");
  });
});
