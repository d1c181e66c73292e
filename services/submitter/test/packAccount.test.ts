import { ordinalsOf, StoreUnavailable } from "@granary/domain";
import type { TaskDoc } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, openRig, prompts, START, submit } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** The rows of a task's manifest. */
async function manifestOf(rig: Rig, task: TaskDoc) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of rig.deps.artifacts.read(task.manifest?.path ?? "")) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString("utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as { line: number; slice: string; ordinal: number });
}

const slicesOf = async (rig: Rig, task: TaskDoc) => rig.store.slicesOf({ taskId: task.id }, { limit: 999 });
const statesOf = (tasks: readonly TaskDoc[]) =>
  tasks.map(({ state }) => state).toSorted((a, b) => a.localeCompare(b));

describe("packing", () => {
  it("seals small requests of several sources into one task, each line in its manifest once", async () => {
    const rig = await openRig();
    await rig.handle(
      submit("a"),
      submit("b", { source: "crm", items: prompts(3) }),
      submit("c", { items: prompts(1) }),
    );
    const [task, ...others] = await rig.packed();
    expect(others).toEqual([]);
    expect(task).toMatchObject({
      state: "planned",
      lines: 6,
      requests: 3,
      sliceCount: 3,
      request: null,
      owner: null,
    });
    expect(task?.bySource).toMatchObject({ shop: { lines: 3 }, crm: { lines: 3 } });
    const rows = await manifestOf(rig, task!);
    expect(rows.map(({ line }) => line)).toEqual([0, 1, 2, 3, 4, 5]);
    const carried = (await slicesOf(rig, task!)).flatMap(({ id, members }) =>
      ordinalsOf(members).map((ordinal) => `${id}:${ordinal}`),
    );
    expect(rows.map(({ slice, ordinal }) => `${slice}:${ordinal}`).toSorted()).toEqual(carried.toSorted());
    expect(await rig.facts()).toContain("task.planned");
  });

  it("waits for company as long as it may linger", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    await rig.turn("packAccount");
    expect(await rig.tasks()).toEqual([]);
    expect((await rig.doc("account", ACCOUNT)).dueAt).toBe(START + 1_000);
  });

  it("gives a request that asks for it jobs of its own, and keeps models apart", async () => {
    const rig = await openRig();
    await rig.handle(
      submit("a"),
      submit("b", { isolate: true, source: "crm" }),
      submit("c", { model: "gpt-4.1-nano" }),
    );
    expect((await rig.packed()).map(({ lines, model }) => `${model} ${lines}`).toSorted()).toEqual([
      "gpt-4.1-nano 2",
      "gpt-4o-mini 2",
      "gpt-4o-mini 2",
    ]);
  });

  it("fills tasks up to the limits of a job, and of the model's tokens", async () => {
    const job = { lines: 4, bytes: 100_000, lineBytes: 10_000, tokens: 10_000 };
    const rig = await openRig({ limits: { job } });
    await rig.handle(submit("a", { items: prompts(10) }));
    const tasks = await rig.packed();
    expect(tasks.map(({ lines }) => lines).toSorted((a, b) => a - b)).toEqual([2, 4, 4]);
    expect(statesOf(tasks)).toEqual(["planned", "planned", "planned"]);
  });

  it("by two packers at once places each slice once", async () => {
    const rig = await openRig();
    await rig.handle(...Array.from({ length: 20 }, (_, at) => submit(`r${at}`, { items: prompts(1) })));
    rig.move(1_000);
    // Somebody took the first packer for dead, and both pack the same slices.
    const insert = rig.store.insertOnce.bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
    let packers = 1;
    Object.assign(rig.store, {
      insertOnce: async (...args: unknown[]) => {
        if (packers < 2) {
          packers += 1;
          rig.move(5_001);
          await rig.turn("packAccount");
        }
        return insert(...args);
      },
    });
    await rig.turn("packAccount");
    const tasks = await rig.tasks();
    expect(statesOf(tasks)).toEqual(["planned", "void"]);
    const carried = (await Promise.all(tasks.map(async (task) => slicesOf(rig, task)))).flat();
    expect(carried).toHaveLength(20);
    expect(new Set(carried.map(({ taskId }) => taskId)).size).toBe(1);
  });
});

describe("a packer that dies", () => {
  it.each([
    ["before its slices are placed", "moveSlices", 1],
    ["before they are read back", "slicesOf", 1],
    ["before the task's lease is renewed", "renew", 1],
    ["before the seal", "save", 1],
  ] as const)(
    "%s leaves a task that is voided, and slices that are packed again",
    async (_name, method, which) => {
      const rig = await openRig();
      await rig.handle(submit("a"), submit("b"));
      rig.move(1_000);
      const call = rig.store[method].bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
      let calls = 0;
      Object.assign(rig.store, {
        [method]: async (...args: unknown[]) => {
          calls += 1;
          if (calls === which) throw new StoreUnavailable("died");
          return call(...args);
        },
      });
      await rig.turn("packAccount");
      expect(statesOf(await rig.tasks())).toEqual(["packing"]);
      Object.assign(rig.store, { [method]: call });
      rig.move(5_001);
      await rig.turn("submitTask");
      expect(statesOf(await rig.tasks())).toEqual(["void"]);
      await rig.turn("submitTask");
      await rig.turn("packAccount");
      const tasks = await rig.tasks();
      expect(statesOf(tasks)).toEqual(["planned", "void"]);
      const planned = tasks.find(({ state }) => state === "planned");
      expect(await slicesOf(rig, planned!)).toHaveLength(2);
    },
  );

  it("after the seal leaves a task that is whole", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    rig.move(1_000);
    const release = rig.store.release.bind(rig.store);
    rig.store.release = async () => {
      throw new StoreUnavailable("died");
    };
    await rig.turn("packAccount");
    rig.store.release = release;
    rig.move(5_001);
    await rig.turn("packAccount");
    expect(statesOf(await rig.tasks())).toEqual(["planned"]);
  });

  it("does not seal a task that was voided meanwhile", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    rig.move(1_000);
    const put = rig.deps.artifacts.put.bind(rig.deps.artifacts);
    Object.assign(rig.deps.artifacts, {
      put: async (...args: Parameters<typeof put>) => {
        rig.move(5_001);
        await rig.turn("submitTask");
        return put(...args);
      },
    });
    await rig.turn("packAccount");
    expect(statesOf(await rig.tasks())).toEqual(["void"]);
    expect(rig.told).toContain("lease lost");
  });
});

describe("a void task", () => {
  it("gives back each minute what a late packer places in it, and ends after a day", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const [task] = await rig.packed();
    const [slice] = await slicesOf(rig, task!);
    await rig.store.moveSlices({
      which: { ids: [slice!.id] },
      from: ["placed"],
      to: "ending",
      set: { endedBy: "cancelled" },
    });
    await rig.turn("submitTask");
    expect((await rig.doc("task", task!.id)).state).toBe("void");
    const voidedAt = rig.now();
    await rig.turn("submitTask");
    expect((await rig.doc("task", task!.id)).dueAt).toBe(voidedAt + 60_000);
    await rig.store.moveSlices({
      which: { ids: [slice!.id] },
      from: ["ending"],
      to: "placed",
      set: { taskId: task!.id },
    });
    rig.move(60_000);
    await rig.turn("submitTask");
    expect(await rig.store.loadSlices([slice!.id])).toMatchObject([{ state: "pending", taskId: null }]);
    expect((await rig.doc("account", ACCOUNT)).dueAt).toBe(rig.now());
    rig.move(86_400_000);
    await rig.turn("submitTask");
    expect(await rig.doc("task", task!.id)).toMatchObject({ state: "ended", result: null, dueAt: null });
  });

  it("that ends while a job of it is seen stays due until that job is closed", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const [task] = await rig.packed();
    const [slice] = await slicesOf(rig, task!);
    await rig.store.moveSlices({
      which: { ids: [slice!.id] },
      from: ["placed"],
      to: "ending",
      set: { endedBy: "cancelled" },
    });
    await rig.turn("submitTask");
    rig.move(86_400_000);
    const save = rig.store.save.bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
    let seen = false;
    Object.assign(rig.store, {
      async save(...args: unknown[]) {
        if (!seen) {
          seen = true;
          await rig.store.signal("task", [task!.id], {
            type: "job",
            jobId: "batch_9",
            at: 1,
            how: "adopted",
          });
        }
        return save(...args);
      },
    });
    await rig.turn("submitTask");
    const ended = await rig.doc("task", task!.id);
    expect(ended).toMatchObject({
      state: "ended",
      jobs: [{ jobId: "batch_9", how: "surplus", closedAt: null }],
    });
    expect(ended.dueAt).toBe(rig.now());
  });
});
