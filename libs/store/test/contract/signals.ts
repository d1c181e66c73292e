import { describe, expect, it } from "vitest";
import type { Rig } from "../contract.ts";
import { aJob, anAccount, aRequest, aSweep, aTask, many } from "../documents.ts";
import { claimOf } from "./claims.ts";
import { insert, savedOf } from "./documents.ts";

export function describeSignals(rig: () => Rig): void {
  describe("a signal", () => {
    it("raises the version, names a new writer and makes the document due, whatever its lease", async () => {
      const { store } = rig();
      const doc = await insert(
        rig(),
        "task",
        aTask({ dueAt: 4e12, owner: "me", claim: 3, leaseUntil: 4e12 }),
      );
      expect(await store.signal("task", [doc.id], { type: "wake" })).toBe(1);
      const woken = await store.load("task", doc.id);
      expect(woken).toEqual({ ...doc, version: 2, by: expect.any(String), dueAt: expect.any(Number) });
      expect(woken?.dueAt).toBeLessThanOrEqual(await store.now());
      expect(woken?.by).not.toBe(doc.by);
    });

    it("reaches those that exist, each once", async () => {
      const { store } = rig();
      for (const id of ["a", "b"]) await store.insertOnce("request", aRequest({ id }));
      expect(await store.signal("request", ["a", "none", "b", "a"], { type: "wake" })).toBe(2);
      expect(await store.signal("request", [], { type: "wake" })).toBe(0);
      expect(await store.load("request", "a")).toMatchObject({ version: 2 });
    });

    it("makes an owner's write decided without it not fit", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      await store.signal("task", [held.id], { type: "end", at: 5, why: "deadline" });
      const refused = await store.save("task", held, { ...held, state: "submitting" });
      expect(refused).toMatchObject({
        found: { state: "planned", end: { at: 5, why: "deadline" }, claim: held.claim },
      });
    });

    it("leaves an ended document that has nothing to do without a due time", async () => {
      const { store } = rig();
      await store.insertOnce("request", aRequest({ state: "ended", dueAt: null }));
      await store.signal("request", ["rq1"], { type: "wake" });
      expect(await store.load("request", "rq1")).toMatchObject({ dueAt: null, version: 2 });
    });

    it("is never lost among an owner's saves and other signals", async () => {
      const { store, second } = rig();
      const other = await second();
      await insert(rig(), "task", aTask({ state: "running", jobs: [aJob("held")] }));
      const jobs = many(15, (at) => `batch_${at}`);
      async function ownerSaves(): Promise<void> {
        for (let saves = 0; saves < 10;) {
          const held = await store.load("task", "grtest-1");
          if (!held) throw new Error("the task is gone");
          const result = await store.save("task", held, { ...held, priority: held.priority + 1 });
          if ("saved" in result) saves += 1;
        }
      }
      await Promise.all([
        ownerSaves(),
        ...jobs.map((jobId, at) =>
          (at % 2 ? store : other).signal("task", ["grtest-1"], { type: "job", jobId, at, how: "adopted" }),
        ),
      ]);
      const task = await other.load("task", "grtest-1");
      expect(task).toMatchObject({ priority: 10, version: 1 + 10 + 15 });
      expect(task?.jobs.map(({ jobId }) => jobId).toSorted()).toEqual(["held", ...jobs].toSorted());
    });
  });

  describe("the kinds of signals", () => {
    it("end a document once: the first end stands", async () => {
      const { store } = rig();
      await store.insertOnce("request", aRequest());
      await store.signal("request", ["rq1"], { type: "end", at: 1, why: "cancelled" });
      await store.signal("request", ["rq1"], { type: "end", at: 2, why: "deadline" });
      expect(await store.load("request", "rq1")).toMatchObject({
        end: { at: 1, why: "cancelled" },
        version: 3,
      });
    });

    it("report jobs: the first is adopted, another is surplus, the same says nothing new", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ state: "unknown" }));
      for (const jobId of ["b1", "b2", "b1"])
        await store.signal("task", ["grtest-1"], { type: "job", jobId, at: 1, how: "adopted" });
      const task = await store.load("task", "grtest-1");
      expect(task?.jobs).toMatchObject([
        { jobId: "b1", how: "adopted" },
        { jobId: "b2", how: "surplus" },
      ]);
    });

    it("wake the monitor for a surplus job of an ended task", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ state: "ended", dueAt: null, jobs: [aJob("b1")] }));
      await store.signal("task", ["grtest-1"], { type: "job", jobId: "b2", at: 1, how: "adopted" });
      const [held] = await store.claimDue("task", claimOf({ duty: "monitor" }));
      if (!held) throw new Error("nothing was claimed");
      const jobs = held.jobs.map((job) => ({ ...job, closedAt: 2 }));
      savedOf(await store.save("task", held, { ...held, jobs }, { release: true, dueAt: 1 }));
      expect(await store.claimDue("task", claimOf({ duty: "monitor" }))).toEqual([]);
    });

    it("ask for a replay, and only ever for a later one", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ state: "ended", dueAt: null }));
      for (const n of [2, 1]) await store.signal("task", ["grtest-1"], { type: "again", n });
      expect(await store.claimDue("task", claimOf({ duty: "harvester" }))).toMatchObject([
        { again: { n: 2 } },
      ]);
    });

    it("pause and resume a scope of an account", async () => {
      const { store } = rig();
      await store.insertOnce("account", anAccount({ id: "a" }));
      const pause = { why: "limit", code: "429" } as const;
      for (const until of [50, 90, 70])
        await store.signal("account", ["a"], {
          type: "pause",
          scope: "create:m",
          pause: { ...pause, until },
        });
      await store.signal("account", ["a"], { type: "pause", scope: "poll", pause: { ...pause, until: 1 } });
      expect((await store.load("account", "a"))?.pauses).toMatchObject({
        "create:m": { until: 90, strikes: 2 },
        poll: { until: 1 },
      });
      await store.signal("account", ["a"], { type: "resume", scope: "create:m" });
      expect(Object.keys((await store.load("account", "a"))?.pauses ?? {})).toEqual(["poll"]);
    });

    it("wake a sweep", async () => {
      const { store } = rig();
      await store.insertOnce("sweep", aSweep({ id: "a", dueAt: 4e12 }));
      await store.signal("sweep", ["a"], { type: "wake" });
      expect(await store.claimDue("sweep", claimOf({ duty: "monitor", accounts: ["a"] }))).toHaveLength(1);
    });
  });
}
