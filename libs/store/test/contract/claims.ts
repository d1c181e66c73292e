import { describe, expect, it } from "vitest";
import type { ClaimFilter } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { ACCOUNT, anAccount, aRequest, aSweep, aTask, idsOf, many, turnOf } from "../documents.ts";
import { insert, savedOf } from "./documents.ts";

const LEASE_MS = 1_000;

/** A claim by the submitter of what `given` says. */
export function claimOf(given: Partial<ClaimFilter> = {}): ClaimFilter {
  return { duty: "submitter", owner: "me", leaseMs: LEASE_MS, limit: 100, ...given };
}

export function describeClaims(rig: () => Rig): void {
  describe("claiming what is due", () => {
    it("raises claim and strikes, sets owner and lease, and leaves the version", async () => {
      const { store } = rig();
      const doc = await insert(rig(), "task", aTask());
      const [claimed] = await store.claimDue("task", claimOf());
      expect(claimed).toEqual({ ...doc, claim: 1, strikes: 1, owner: "me", leaseUntil: expect.any(Number) });
      const left = (claimed?.leaseUntil ?? 0) - (await store.now());
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(LEASE_MS);
      expect(await store.load("task", doc.id)).toEqual(claimed);
    });

    it("takes the oldest due first, up to the limit, and nothing that is not due", async () => {
      const { store } = rig();
      const now = await store.now();
      const dues = { late: now - 10, soon: now + 60_000, later: now - 5, never: null, latest: now - 20 };
      for (const [id, dueAt] of Object.entries(dues))
        await store.insertOnce("task", aTask({ id, dueAt, ...(dueAt === null ? { state: "ended" } : {}) }));
      expect(idsOf(await store.claimDue("task", claimOf({ limit: 2 })))).toEqual(["latest", "late"]);
      expect(idsOf(await store.claimDue("task", claimOf({ limit: 2 })))).toEqual(["later"]);
      expect(await store.claimDue("task", claimOf())).toEqual([]);
    });

    it("takes only what is this role's turn, as the document stands now", async () => {
      const { store } = rig();
      const doc = await insert(rig(), "task", aTask({ state: "planned" }));
      expect(await store.claimDue("task", claimOf({ duty: "monitor" }))).toEqual([]);
      await store.save("task", doc, { ...doc, state: "running" });
      expect(await store.claimDue("task", claimOf({ duty: "submitter" }))).toEqual([]);
      expect(await store.claimDue("task", claimOf({ duty: "monitor" }))).toHaveLength(1);
    });

    it("takes only documents of the accounts it may use", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ account: "a" }));
      await store.insertOnce("request", aRequest({ account: "a" }));
      await store.insertOnce("account", anAccount({ id: "a" }));
      await store.insertOnce("sweep", aSweep({ id: "a" }));
      for (const kind of ["task", "request", "account", "sweep"] as const) {
        const duty = kind === "sweep" ? "monitor" : "submitter";
        expect(await store.claimDue(kind, claimOf({ duty, accounts: ["b"] }))).toEqual([]);
        expect(await store.claimDue(kind, claimOf({ duty, accounts: [] }))).toEqual([]);
        expect(await store.claimDue(kind, claimOf({ duty, accounts: ["b", "a"] }))).toHaveLength(1);
      }
    });

    it("gives each document to one of many claimers", async () => {
      const { store, second } = rig();
      const stores = [store, await second(), await second()];
      for (const at of many(40, (index) => index)) await store.insertOnce("task", aTask({ id: `t${at}` }));
      const taken = await Promise.all(
        many(30, (at) =>
          turnOf(stores, at).claimDue("task", claimOf({ owner: `o${at}`, limit: 7, leaseMs: 60_000 })),
        ),
      );
      const ids = idsOf(taken.flat());
      expect(new Set(ids).size).toBe(40);
      expect(ids).toHaveLength(40);
    });

    it("takes a document again when its lease has run out, and not earlier", async () => {
      const { store, later } = rig();
      await store.insertOnce("task", aTask());
      const [first] = await store.claimDue("task", claimOf());
      expect(await store.claimDue("task", claimOf({ owner: "you" }))).toEqual([]);
      await later(LEASE_MS + 1);
      const [next] = await store.claimDue("task", claimOf({ owner: "you" }));
      expect(next).toMatchObject({ claim: (first?.claim ?? 0) + 1, strikes: 2, owner: "you", version: 1 });
    });
  });

  describe("a lease", () => {
    it("is prolonged by its holder and by nobody else", async () => {
      const { store, later } = rig();
      await store.insertOnce("task", aTask());
      await store.claimDue("task", claimOf());
      await later(LEASE_MS - 300);
      expect(await store.renew("task", "grtest-1", 1, LEASE_MS)).toBe(true);
      expect(await store.renew("task", "grtest-1", 0, LEASE_MS)).toBe(false);
      expect(await store.renew("task", "none", 1, LEASE_MS)).toBe(false);
      await later(500);
      expect(await store.claimDue("task", claimOf({ owner: "you" }))).toEqual([]);
    });

    it("is lost to the next claim: no renewal, no save, no release", async () => {
      const { store, later } = rig();
      await store.insertOnce("task", aTask());
      const [mine] = await store.claimDue("task", claimOf());
      await later(LEASE_MS + 1);
      const [yours] = await store.claimDue("task", claimOf({ owner: "you" }));
      if (!mine || !yours) throw new Error("nothing was claimed");
      expect(await store.renew("task", mine.id, mine.claim, LEASE_MS)).toBe(false);
      // Nobody wrote in between: the version still fits, and only the claim tells the zombie.
      expect(await store.save("task", mine, { ...mine, state: "submitting" })).toEqual({ found: yours });
      await store.release("task", mine, 5);
      expect(await store.load("task", mine.id)).toEqual(yours);
      expect(savedOf(await store.save("task", yours, { ...yours, state: "submitting" })).version).toBe(2);
    });

    it("does not bind a writer that is no owner", async () => {
      const { store } = rig();
      const doc = await insert(rig(), "task", aTask());
      await store.claimDue("task", claimOf());
      const saved = savedOf(await store.save("task", doc, { ...doc, priority: 4 }, { asOwner: false }));
      expect(saved).toMatchObject({ priority: 4, owner: "me", claim: 1, strikes: 1 });
    });

    it("ends with a save that releases", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      const saved = savedOf(await store.save("task", held, held, { release: true, dueAt: 1 }));
      expect(saved).toMatchObject({ owner: null, leaseUntil: 0, strikes: 0, claim: 1 });
      expect(await store.renew("task", held.id, held.claim, LEASE_MS)).toBe(false);
      expect(await store.claimDue("task", claimOf({ owner: "you" }))).toMatchObject([
        { claim: 2, strikes: 1 },
      ]);
    });

    it("is kept by a save that does not release", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      const { leaseUntil } = held;
      expect(savedOf(await store.save("task", held, held))).toMatchObject({
        owner: "me",
        leaseUntil,
        strikes: 1,
      });
    });

    it("of an owner that is dead is freed at once, the living keep theirs", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      await store.insertOnce("request", aRequest());
      await store.insertOnce("account", anAccount());
      await store.claimDue("task", claimOf({ owner: "dead" }));
      await store.claimDue("account", claimOf({ owner: "dead too" }));
      await store.claimDue("request", claimOf({ owner: "alive" }));
      expect(await store.freeLeases({ except: "alive" })).toBe(2);
      expect(await store.claimDue("task", claimOf())).toMatchObject([{ strikes: 2 }]);
      expect(await store.claimDue("account", claimOf())).toHaveLength(1);
      expect(await store.claimDue("request", claimOf())).toEqual([]);
    });
  });

  describe("releasing", () => {
    it("gives the lease back and sets the due time, without a new version", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      await store.release("task", held, 4e12);
      const free = { owner: null, leaseUntil: 0, strikes: 0, dueAt: 4e12 };
      expect(await store.load("task", held.id)).toEqual({ ...held, ...free });
    });

    it("leaves the due time to whoever woke the document meanwhile", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      await store.signal("task", [held.id], { type: "wake" });
      await store.release("task", held, 4e12);
      expect(await store.claimDue("task", claimOf({ owner: "you" }))).toMatchObject([{ version: 2 }]);
    });

    it("keeps the strikes of a step that failed", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      const [held] = await store.claimDue("task", claimOf());
      if (!held) throw new Error("nothing was claimed");
      await store.release("task", held, 1, { failed: true });
      expect(await store.load("task", held.id)).toMatchObject({ owner: null, strikes: 1, dueAt: 1 });
    });
  });

  describe("postponing", () => {
    it("leaves alone what is held, what was woken, and what is not there", async () => {
      const { store } = rig();
      const [a, b, c] = await Promise.all(
        ["a", "b", "c"].map((id) =>
          insert(rig(), "task", aTask({ id, account: id === "b" ? "other" : ACCOUNT })),
        ),
      );
      if (!a || !b || !c) throw new Error("not inserted");
      await store.claimDue("task", claimOf({ accounts: ["other"] }));
      await store.signal("task", ["c"], { type: "wake" });
      await store.postpone("task", [a, b, c, { id: "none", version: 1 }], 4e12);
      expect(await store.load("task", "a")).toEqual({ ...a, dueAt: 4e12 });
      expect((await store.load("task", "b"))?.dueAt).toBe(b.dueAt);
      expect((await store.load("task", "c"))?.dueAt).not.toBe(4e12);
    });
  });

  describe("a document that kills its workers", () => {
    it("waits after the sixth claim without an orderly end, longer each time", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      for (const strikes of [1, 2, 3, 4, 5, 6]) {
        expect(await store.claimDue("task", claimOf())).toMatchObject([{ strikes }]);
        await store.freeLeases({ except: "nobody" });
      }
      expect(await store.claimDue("task", claimOf())).toEqual([]);
      const waiting = await store.load("task", "grtest-1");
      const wait = (waiting?.dueAt ?? 0) - (await store.now());
      expect(wait).toBeGreaterThan(20_000);
      expect(wait).toBeLessThanOrEqual(30_000);
      // A signal asks for another try; the wait that follows is twice as long.
      await store.signal("task", ["grtest-1"], { type: "wake" });
      const [again] = await store.claimDue("task", claimOf());
      expect((again?.dueAt ?? 0) - (await store.now())).toBeGreaterThan(50_000);
      expect((await store.gauges()).poison).toEqual([{ kind: "task", id: "grtest-1", strikes: 7 }]);
    });
  });
}
