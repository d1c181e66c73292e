import { describe, expect, it } from "vitest";
import type { Rig } from "../contract.ts";
import { ACCOUNT, aFact, anAccount, aRequest, aSlice, aSweep, aTask, aView, idsOf } from "../documents.ts";
import { claimOf } from "./claims.ts";
import { insert } from "./documents.ts";

const MINUTE_MS = 60_000;

export function describeQueries(rig: () => Rig): void {
  describe("looking for requests", () => {
    it("finds them by source, by the caller's id and by state, page by page", async () => {
      const { store } = rig();
      await store.insertOnce("request", aRequest({ id: "a", requestId: "1" }));
      await store.insertOnce(
        "request",
        aRequest({ id: "b", requestId: "1", source: "zoo", state: "running" }),
      );
      await store.insertOnce("request", aRequest({ id: "c", requestId: "2", state: "ended" }));
      const page = { limit: 9 };
      expect(idsOf(await store.requests({}, { limit: 2 }))).toEqual(["a", "b"]);
      expect(idsOf(await store.requests({}, { limit: 2, after: "b" }))).toEqual(["c"]);
      expect(idsOf(await store.requests({ source: "shop" }, page))).toEqual(["a", "c"]);
      expect(idsOf(await store.requests({ requestId: "1" }, page))).toEqual(["a", "b"]);
      expect(idsOf(await store.requests({ states: ["running", "ended"], source: "shop" }, page))).toEqual([
        "c",
      ]);
      expect(idsOf(await store.requests({ states: [] }, page))).toEqual([]);
    });
  });

  describe("looking for tasks", () => {
    it("finds them by account and state, page by page", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ id: "a" }));
      await store.insertOnce("task", aTask({ id: "b", state: "running" }));
      await store.insertOnce("task", aTask({ id: "c", account: "other" }));
      expect(idsOf(await store.tasks({ account: ACCOUNT }, { limit: 9 }))).toEqual(["a", "b"]);
      expect(idsOf(await store.tasks({ states: ["planned"] }, { limit: 1, after: "a" }))).toEqual(["c"]);
    });

    it("finds those that carry or carried slices of a request, its own and shared ones", async () => {
      const { store } = rig();
      for (const id of ["own", "shared", "settled", "others"])
        await store.insertOnce("task", aTask({ id, request: id === "own" ? "rq1" : null }));
      await store.insertSlices([
        aSlice({ id: "rq1.0.0", taskId: "shared", state: "placed" }),
        aSlice({ id: "rq1.1.0", taskId: "settled", state: "settled" }),
        aSlice({ id: "rq2.0.0", request: "rq2", taskId: "others", state: "placed" }),
        aSlice({ id: "rq2.1.0", request: "rq2", taskId: "shared", state: "placed" }),
      ]);
      expect(idsOf(await store.tasks({ request: "rq1" }, { limit: 9 }))).toEqual([
        "own",
        "settled",
        "shared",
      ]);
      expect(idsOf(await store.tasks({ request: "rq1" }, { limit: 1, after: "own" }))).toEqual(["settled"]);
    });
  });

  describe("gauges", () => {
    it("count what is there by state, and say since when", async () => {
      const { store, later } = rig();
      const start = await store.now();
      const moving = await insert(rig(), "task", aTask({ id: "a" }));
      await insert(rig(), "task", aTask({ id: "b" }));
      await insert(rig(), "request", aRequest());
      await later(200);
      await store.save("task", moving, { ...moving, state: "running" });
      const [waiting] = (await store.gauges()).tasks;
      const running = await store.load("task", "a");
      if (!running) throw new Error("the task is gone");
      await later(200);
      await store.save("task", running, { ...running, priority: 1 });
      await store.signal("task", ["a"], { type: "wake" });
      const { tasks, requests } = await store.gauges();
      expect(tasks).toMatchObject([
        { account: ACCOUNT, state: "planned", count: 1 },
        { account: ACCOUNT, state: "running", count: 1 },
      ]);
      expect(requests).toMatchObject([{ state: "accepted", count: 1 }]);
      expect(waiting?.oldestAt).toBeLessThan(start + 200);
      expect(tasks[1]?.oldestAt).toBeGreaterThanOrEqual(start + 200);
      expect(tasks[1]?.oldestAt).toBeLessThan(start + 400);
    });

    it("tell open slices, the outbox, and what is due and not held", async () => {
      const { store } = rig();
      await store.insertSlices([aSlice({ id: "a" }), aSlice({ id: "b", state: "settled" })]);
      await store.insertOnce("task", aTask({ dueAt: 40 }), [aFact("task", aTask())]);
      await store.insertOnce("task", aTask({ id: "b", dueAt: 30 }));
      await store.insertOnce("account", anAccount({ dueAt: 4e12 }));
      const gauges = await store.gauges();
      expect(gauges).toMatchObject({ slicesOpen: 1, outbox: { pending: 1, oldestAt: expect.any(Number) } });
      const overdue = { kind: "task", duty: "submitter", account: ACCOUNT };
      expect(gauges.overdue).toEqual([{ ...overdue, count: 2, oldestDueAt: 30 }]);
      await store.claimDue("task", claimOf({ limit: 1 }));
      expect((await store.gauges()).overdue).toEqual([{ ...overdue, count: 1, oldestDueAt: 40 }]);
    });

    it("tell what is overdue apart by kind, role and account", async () => {
      const { store } = rig();
      await store.insertOnce("request", aRequest({ dueAt: 10 }));
      await store.insertOnce("request", aRequest({ id: "rq2", dueAt: 20, state: "closing" }));
      await store.insertOnce("request", aRequest({ id: "rq3", dueAt: 5, state: "ended" }));
      await store.insertOnce("task", aTask({ id: "a", dueAt: 30, account: "other", state: "running" }));
      await store.insertOnce("task", aTask({ id: "b", dueAt: 40, state: "running" }));
      await store.insertOnce("task", aTask({ id: "c", dueAt: 50, account: "other", state: "running" }));
      await store.insertOnce("account", anAccount({ dueAt: 60 }));
      await store.insertOnce("sweep", aSweep({ dueAt: 70 }));
      const { overdue } = await store.gauges();
      const lines = overdue.map((each) => Object.values(each).join(" "));
      expect(Object.keys(overdue[0] ?? {})).toEqual(["kind", "duty", "account", "count", "oldestDueAt"]);
      expect(lines).toEqual([
        `request harvester ${ACCOUNT} 1 20`,
        `request submitter ${ACCOUNT} 1 10`,
        `task monitor ${ACCOUNT} 1 40`,
        `task monitor other 2 30`,
        `account submitter ${ACCOUNT} 1 60`,
        `sweep monitor ${ACCOUNT} 1 70`,
      ]);
    });

    it("tell what runs by account and model, and since when", async () => {
      const { store, later } = rig();
      const start = await store.now();
      await store.insertOnce("task", aTask({ id: "a", state: "running", model: "m1" }));
      await store.insertOnce("task", aTask({ id: "b", model: "m1" }));
      await later(200);
      await store.insertOnce("task", aTask({ id: "c", state: "running", model: "m1" }));
      await store.insertOnce("task", aTask({ id: "d", state: "running", model: "m2", account: "other" }));
      const { running } = await store.gauges();
      expect(running).toMatchObject([
        { account: ACCOUNT, model: "m1", count: 2 },
        { account: "other", model: "m2", count: 1 },
      ]);
      expect(running[0]?.oldestAt).toBeLessThan(start + 200);
      expect(running[1]?.oldestAt).toBeGreaterThanOrEqual(start + 200);
    });

    it("tell which running jobs the provider ends within the hour", async () => {
      const { store } = rig();
      const now = await store.now();
      const dues = { past: -1, soon: 50 * MINUTE_MS, later: 70 * MINUTE_MS };
      for (const [id, ms] of Object.entries(dues))
        await store.insertOnce("task", aTask({ id, state: "running", view: aView({ expiresAt: now + ms }) }));
      await store.insertOnce(
        "task",
        aTask({ id: "open", state: "running", view: aView({ expiresAt: null }) }),
      );
      const ended = { state: "ended", view: aView({ expiresAt: now }) } as const;
      await store.insertOnce("task", aTask({ id: "ended", ...ended }));
      expect((await store.gauges()).nearExpiry).toEqual([{ account: ACCOUNT, count: 2 }]);
    });

    it("tell what the sweeps saw", async () => {
      const { store } = rig();
      const foreign = { jobs: 3, lines: 40 };
      await store.insertOnce(
        "sweep",
        aSweep({ id: "b", account: "b", seq: 7, orphans: ["x", "y"], foreign }),
      );
      await store.insertOnce("sweep", aSweep({ id: "a", account: "a" }));
      expect((await store.gauges()).sweeps).toEqual([
        { account: "a", seq: 0, orphans: 0, foreignJobs: 0 },
        { account: "b", seq: 7, orphans: 2, foreignJobs: 3 },
      ]);
    });

    it("are empty for an empty store", async () => {
      expect(await rig().store.gauges()).toEqual({
        tasks: [],
        requests: [],
        running: [],
        slicesOpen: 0,
        overdue: [],
        nearExpiry: [],
        sweeps: [],
        outbox: { pending: 0, oldestAt: null },
        poison: [],
        dead: 0,
      });
    });
  });
}
