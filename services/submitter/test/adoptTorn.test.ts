/** Adoptions that are torn: by a crash between their writes, or by another adoption of the same job. */
import type { TaskDoc } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { adopt, manifestOf, pack, requestOf, rigWithJob } from "./adoptRig.ts";
import { ACCOUNT } from "./rig.ts";
import type { Rig } from "./rig.ts";

describe("an adoption whose process dies", () => {
  type Named = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  const WRITES: readonly (readonly ["store" | "artifacts", string])[] = [
    ["store", "insertOnce"],
    ["store", "insertSlices"],
    ["artifacts", "put"],
    ["store", "saveMany"],
    ["store", "signal"],
  ];

  /** Lets so many writes happen and no more. Answers which were seen, and how to live on. */
  function dying(rig: Rig, after: number, landed: boolean) {
    const seen: string[] = [];
    const undo: (() => void)[] = [];
    for (const [place, name] of WRITES) {
      const target = rig.deps[place] as unknown as Named;
      const write = target[name]?.bind(target);
      if (!write) throw new Error(`${place} has no ${name}`);
      target[name] = async (...args) => {
        if (seen.length > after || (seen.length === after && !landed)) throw new StoreUnavailable("died");
        seen.push(name);
        const answer = await write(...args);
        if (seen.length > after) throw new StoreUnavailable("died before it heard");
        return answer;
      };
      undo.push(() => void (target[name] = write));
    }
    return { seen, revive: () => undo.forEach((back) => back()) };
  }

  const SIX = ["insertOnce", "insertSlices", "put", "insertOnce", "signal", "saveMany"];

  it("makes six writes where it lives", async () => {
    const rig = await rigWithJob();
    const { seen } = dying(rig, Infinity, true);
    await rig.handle(adopt());
    expect(seen).toEqual(SIX);
  });

  it.each(SIX.flatMap((name, at) => [[name, at, false] as const, [name, at, true] as const]))(
    "at %s, write %i (landed: %s), is carried out by the due loop, once",
    async (_name, at, landed) => {
      const rig = await rigWithJob();
      const { revive } = dying(rig, at, landed);
      await expect(rig.handle(adopt())).rejects.toThrow(StoreUnavailable);
      revive();
      const committed = at > 0 || landed;
      const before = await rig.store.requests({}, { limit: 9 });
      expect(before.map(({ dueAt }) => dueAt !== null)).toEqual(committed ? [true] : []);
      // A packer that looks in between finds nothing to pack.
      await pack(rig);
      expect((await rig.tasks()).filter(({ state }) => state !== "running")).toEqual([]);
      while ((await rig.turn("openAccepted")) > 0);
      // And so does a caller who had no answer and asks again.
      expect(await rig.handle(adopt())).toMatchObject([{ status: "accepted" }]);
      await pack(rig);
      const request = await requestOf(rig);
      const [task, ...others] = await rig.tasks();
      expect(others).toEqual([]);
      expect(request.state).toBe("running");
      expect(task).toMatchObject({ state: "running", holds: `${ACCOUNT}/batch_1`, request: request.id });
      expect(await manifestOf(rig, task as TaskDoc)).toHaveLength(3);
      expect(await rig.store.slicesOf({ request: request.id }, { limit: 9 })).toMatchObject([
        { state: "placed", taskId: task?.id },
      ]);
      expect(await rig.facts()).toEqual(["request.accepted", "task.adopted"]);
      expect(rig.provider).toMatchObject({ creates: [], uploads: [] });
    },
  );
});

describe("a job that two requests adopt in the same moment", () => {
  const SECOND = "also-batch_1";

  async function expectLate(rig: Rig): Promise<void> {
    const [first] = await rig.store.tasks({ request: (await requestOf(rig)).id }, { limit: 1 });
    if (!first) throw new Error("nobody came first");
    const request = await requestOf(rig, SECOND);
    expect(request).toMatchObject({ state: "running", end: { why: "cancelled" }, dueAt: rig.now() });
    const tasks = await rig.tasks();
    expect(tasks.filter(({ holds }) => holds === `${ACCOUNT}/batch_1`).map(({ id }) => id)).toEqual([
      first.id,
    ]);
    const other = tasks.find(({ id }) => id !== first.id);
    expect(other).toMatchObject({
      state: "harvesting",
      noFetch: "ended",
      end: { why: "cancelled" },
      request: request.id,
      jobs: [],
      view: null,
      dueAt: rig.now(),
      lastError: { code: "job_held" },
    });
    expect(await rig.store.slicesOf({ request: request.id }, { limit: 9 })).toMatchObject([
      { state: "placed", taskId: other?.id },
    ]);
    expect(rig.told).toContain("job was adopted by another request");
  }

  it("is the first one's, and the other one's items end as cancelled", async () => {
    const rig = await rigWithJob();
    const insert = rig.store.insertSlices.bind(rig.store);
    rig.store.insertSlices = async (slices) => {
      rig.store.insertSlices = insert;
      await rig.handle(adopt());
      await insert(slices);
    };
    expect(await rig.handle(adopt({ requestId: SECOND }))).toMatchObject([{ status: "accepted" }]);
    await expectLate(rig);
  });

  it("is the first one's also where both have found it free", async () => {
    const rig = await rigWithJob();
    const insert = rig.store.insertOnce.bind(rig.store);
    rig.store.insertOnce = async (kind, doc, facts) => {
      if (kind === "task") {
        rig.store.insertOnce = insert;
        await rig.handle(adopt());
      }
      return insert(kind, doc, facts);
    };
    expect(await rig.handle(adopt({ requestId: SECOND }))).toMatchObject([{ status: "accepted" }]);
    await expectLate(rig);
  });
});
