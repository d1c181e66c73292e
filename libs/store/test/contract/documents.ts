import { describe, expect, it } from "vitest";
import type { DocOf, Kind, Saved } from "@granary/domain";
import { JobAlreadyHeld } from "@granary/store";
import type { Rig } from "../contract.ts";
import { aFact, aJob, anAccount, aRequest, aSweep, aTask, idsOf, many } from "../documents.ts";

/** The document that was written; fails where nothing was. */
export function savedOf<D>(result: Saved<D>): D {
  if (!("saved" in result)) throw new Error(`not saved: ${JSON.stringify(result)}`);
  return result.saved;
}

export async function insert<K extends Kind>({ store }: Rig, kind: K, doc: DocOf[K]): Promise<DocOf[K]> {
  expect(await store.insertOnce(kind, doc)).toEqual({ inserted: true });
  const found = await store.load(kind, doc.id);
  if (!found) throw new Error(`${kind} ${doc.id} is not there`);
  return found;
}

export function describeDocuments(rig: () => Rig): void {
  describe("inserting", () => {
    it.each([
      ["request", aRequest({ metadata: { flow: "7" }, end: { at: 3, why: "cancelled" } })],
      ["task", aTask({ jobs: [], bySource: { shop: { lines: 1, estimateMicros: null } } })],
      ["account", anAccount({ learned: { "gpt-x": { jobs: 4 } } })],
      ["sweep", aSweep({ seq: 4, orphans: ["batch_9"] })],
    ] as const)("gives a %s back as it was inserted", async (kind, doc) => {
      const { by, ...rest } = await insert(rig(), kind, doc);
      expect(by).not.toBe("");
      const { by: _, ...given } = doc;
      expect(rest).toEqual(given);
    });

    it("gives free-form values back whatever their keys are", async () => {
      const keys = { $set: 1, "a.b": { "$c.d": [] }, "": null, ["__proto__"]: { deep: "ü\u0000\ud800" } };
      const schema = { type: "object", properties: { "x.y": { $ref: "#/$defs/z" } }, $defs: { z: {} } };
      const request = aRequest({
        metadata: keys,
        output: { type: "json_schema", schema } as never,
        input: { inline: [{ key: "$a.b", prompt: "Hi", params: keys } as never] },
        results: { inline: [keys, null, "$text"] },
      });
      const { by: _, ...asked } = request;
      const asText = JSON.stringify;
      expect(asText(await insert(rig(), "request", request))).toBe(
        asText({ ...(await rig().store.load("request", "rq1")), ...asked }),
      );
      const bySource = {
        "$s.1": { lines: 2, estimateMicros: 3 },
        ["__proto__"]: { lines: 4, estimateMicros: null },
      };
      const task = await insert(rig(), "task", aTask({ bySource }));
      expect(Object.entries(task.bySource)).toEqual(Object.entries(bySource));
      const pause = { until: 5, why: "limit", code: "429", strikes: 1 } as const;
      const maps = { pauses: { "create:gpt-4.1$": pause }, learned: { "gpt-4.1": { tokens: 9 }, "": {} } };
      expect(await insert(rig(), "account", anAccount(maps))).toMatchObject(maps);
    });

    it("keeps the claim of a document that is born claimed", async () => {
      const born = aTask({ state: "packing", claim: 1, owner: "me", leaseUntil: 4e12, by: "n1" });
      expect(await insert(rig(), "task", born)).toMatchObject({
        claim: 1,
        owner: "me",
        leaseUntil: 4e12,
        by: "n1",
      });
    });

    it("answers the second writer with what is there", async () => {
      const { store } = rig();
      const first = await insert(rig(), "request", aRequest({ by: "n1" }));
      const again = await store.insertOnce("request", aRequest({ by: "n2", contentSha: "other" }));
      expect(again).toEqual({ inserted: false, found: first });
    });

    it("does not take two nameless writers for one", async () => {
      await rig().store.insertOnce("request", aRequest());
      expect(await rig().store.insertOnce("request", aRequest())).toMatchObject({ inserted: false });
    });

    it("settles a lost answer by the writer's nonce, once and with its facts once", async () => {
      const { store } = rig();
      const doc = aRequest({ by: "n1" });
      const facts = [aFact("request", doc)];
      expect(await store.insertOnce("request", doc, facts)).toEqual({ inserted: true });
      expect(await store.insertOnce("request", doc, facts)).toEqual({ inserted: true });
      expect(await store.pendingFacts(10)).toHaveLength(1);
      await store.signal("request", [doc.id], { type: "wake" });
      expect(await store.insertOnce("request", doc, facts)).toMatchObject({ inserted: false });
    });

    it("does not take a document that has moved on for the one just born", async () => {
      const { store } = rig();
      const held = await insert(rig(), "request", aRequest({ by: "n1" }));
      await store.save("request", held, held, { nonce: "n1" });
      expect(await store.insertOnce("request", aRequest({ by: "n1" }))).toMatchObject({ inserted: false });
    });

    it("counts the facts told at birth", async () => {
      const { store } = rig();
      await store.insertOnce("request", aRequest({ eventSeq: 9 }), [aFact("request", aRequest())]);
      expect(await store.load("request", "rq1")).toMatchObject({ eventSeq: 1, version: 1 });
    });

    it("answers a batch of requests in its order", async () => {
      const { store } = rig();
      const there = await insert(rig(), "request", aRequest({ id: "rq1", by: "old" }));
      const batch = ["rq0", "rq1", "rq2", "rq2"].map((id, at) => {
        const doc = aRequest({ id, by: `n${at}`, requestId: id });
        return { doc, facts: [aFact("request", doc)] };
      });
      const answers = await store.insertRequests(batch);
      expect(answers.map(({ inserted }) => inserted)).toEqual([true, false, true, false]);
      expect(answers[1]).toEqual({ inserted: false, found: there });
      expect((await store.pendingFacts(10)).map(({ fact }) => fact.subject)).toEqual(["rq0", "rq2"]);
    });

    it("lets one of many writers insert", async () => {
      const { store, second } = rig();
      const other = await second();
      const answers = await Promise.all(
        many(10, (at) => (at % 2 ? store : other).insertOnce("request", aRequest({ by: `n${at}` }))),
      );
      expect(answers.filter(({ inserted }) => inserted)).toHaveLength(1);
    });
  });

  describe("loading", () => {
    it("says undefined for what is not there", async () => {
      expect(await rig().store.load("task", "none")).toBeUndefined();
    });

    it("loads those of many that exist", async () => {
      const { store } = rig();
      for (const id of ["a", "b", "c"]) await store.insertOnce("task", aTask({ id }));
      const wanted = ["a", "c", ...many(2_000, (at) => `none-${at}`)];
      expect(idsOf(await store.loadMany("task", wanted)).toSorted()).toEqual(["a", "c"]);
    });

    it("finds tasks by the jobs they hold under this account", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ id: "a", holds: "openai:x/batch_1" }));
      await store.insertOnce("task", aTask({ id: "b", holds: "openai:y/batch_2" }));
      const found = await store.byJob("openai:x", ["batch_1", "batch_2", "batch_3"]);
      expect([...found].map(([jobId, task]) => [jobId, task.id])).toEqual([["batch_1", "a"]]);
    });
  });

  describe("saving", () => {
    it("raises the version, names the writer, and leaves the rest of the head to the store", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      const next = {
        ...held,
        state: "submitting" as const,
        version: 99,
        claim: 7,
        owner: "x",
        leaseUntil: 9,
        strikes: 3,
      };
      const saved = savedOf(await store.save("task", held, next, { nonce: "n1" }));
      expect(saved).toEqual({ ...held, state: "submitting", version: 2, by: "n1" });
      expect(await store.load("task", held.id)).toEqual(saved);
    });

    it("draws a nonce where none is given", async () => {
      const held = await insert(rig(), "task", aTask());
      const saved = savedOf(await rig().store.save("task", held, held));
      expect(saved.by).not.toBe("");
      expect(saved.by).not.toBe(held.by);
    });

    it("refuses what was decided on an older version, and shows the newer one", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      const first = savedOf(await store.save("task", held, { ...held, priority: 1 }));
      expect(await store.save("task", held, { ...held, priority: 2 })).toEqual({ found: first });
      expect(await store.load("task", held.id)).toEqual(first);
    });

    it("says so where there is nothing to save", async () => {
      expect(await rig().store.save("task", aTask(), aTask())).toEqual({ found: undefined });
    });

    it("lets one of many writers of one version win", async () => {
      const { store, second } = rig();
      const other = await second();
      const held = await insert(rig(), "task", aTask());
      const results = await Promise.all(
        many(12, (at) => (at % 2 ? store : other).save("task", held, { ...held, priority: at })),
      );
      expect(results.filter((result) => "saved" in result)).toHaveLength(1);
    });

    it("sets the due time only where one is given", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask({ dueAt: 5 }));
      const kept = savedOf(await store.save("task", held, { ...held, dueAt: 77 }));
      expect(kept.dueAt).toBe(5);
      const moved = savedOf(await store.save("task", kept, kept, { dueAt: 88 }));
      expect(moved.dueAt).toBe(88);
      const ended = { ...moved, state: "ended" as const };
      expect(savedOf(await store.save("task", moved, ended, { dueAt: null })).dueAt).toBeNull();
    });

    it("takes no document that somebody has to look at again and that would never be due", async () => {
      const { store } = rig();
      const never = /task .+ waits for the .+ and would never be due/;
      await expect(store.insertOnce("task", aTask({ dueAt: null }))).rejects.toThrow(never);
      const held = await insert(rig(), "task", aTask({ dueAt: 5 }));
      await expect(store.save("task", held, held, { dueAt: null })).rejects.toThrow(never);
      await expect(store.saveMany("task", [{ held, next: held, options: { dueAt: null } }])).rejects.toThrow(
        never,
      );
      expect(await store.load("task", held.id)).toEqual(held);
      // One that has ended waits for somebody again where a job beside its own is open.
      const over = savedOf(await store.save("task", held, { ...held, state: "ended" }, { dueAt: null }));
      const surplus = { ...over, jobs: [aJob("b1", { how: "surplus" })] };
      await expect(store.save("task", over, surplus)).rejects.toThrow(/waits for the monitor/);
      expect(savedOf(await store.save("task", over, surplus, { dueAt: 7 })).dueAt).toBe(7);
      const request = aRequest({ state: "closing", dueAt: null });
      await expect(store.insertOnce("request", request)).rejects.toThrow(/waits for the harvester/);
      await expect(store.insertOnce("sweep", aSweep({ dueAt: null }))).rejects.toThrow(
        /waits for the monitor/,
      );
    });

    it("writes facts in the same step, and none where the save is refused", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      const fact = aFact("task", held);
      expect(savedOf(await store.save("task", held, held, { facts: [fact] })).eventSeq).toBe(1);
      await store.save("task", held, held, { facts: [{ ...fact, id: "task:other:1" }] });
      expect((await store.pendingFacts(10)).map((pending) => pending.fact)).toEqual([fact]);
    });

    it("settles a lost answer by the writer's nonce, with its facts once", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      const options = { nonce: "n1", facts: [aFact("task", held)] };
      const first = savedOf(await store.save("task", held, { ...held, priority: 1 }, options));
      expect(savedOf(await store.save("task", held, { ...held, priority: 1 }, options))).toEqual(first);
      expect(first).toMatchObject({ version: 2, eventSeq: 1 });
      expect(await store.pendingFacts(10)).toHaveLength(1);
    });

    it("does not take a later write for its own", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      await store.save("task", held, held, { nonce: "n1" });
      await store.signal("task", [held.id], { type: "wake" });
      expect(await store.save("task", held, held, { nonce: "n1" })).toMatchObject({ found: { version: 3 } });
    });

    it("does not take another write of the same nonce for this one", async () => {
      const { store } = rig();
      const held = await insert(rig(), "task", aTask());
      const first = savedOf(await store.save("task", held, held, { nonce: "n1" }));
      await store.save("task", first, first, { nonce: "n1" });
      expect(await store.save("task", held, held, { nonce: "n1" })).toMatchObject({ found: { version: 3 } });
    });

    it("saves many, each on its own", async () => {
      const { store } = rig();
      const a = await insert(rig(), "task", aTask({ id: "a" }));
      const b = await insert(rig(), "task", aTask({ id: "b" }));
      await store.signal("task", ["b"], { type: "wake" });
      const results = await store.saveMany("task", [
        { held: b, next: { ...b, priority: 3 }, options: {} },
        { held: a, next: { ...a, priority: 3 }, options: { dueAt: 6 } },
      ]);
      expect(results).toMatchObject([
        { found: { id: "b", priority: 0 } },
        { saved: { id: "a", priority: 3, dueAt: 6 } },
      ]);
    });
  });

  describe("holding a job", () => {
    it("is refused on insert where another task holds it", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ id: "a", holds: "x/1" }));
      await expect(store.insertOnce("task", aTask({ id: "b", holds: "x/1" }))).rejects.toThrow(
        JobAlreadyHeld,
      );
      expect(await store.load("task", "b")).toBeUndefined();
    });

    it("is refused on save where another task holds it, and nothing is written", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask({ id: "a", holds: "x/1" }));
      const held = await insert(rig(), "task", aTask({ id: "b" }));
      const options = { facts: [aFact("task", held)] };
      await expect(store.save("task", held, { ...held, holds: "x/1" }, options)).rejects.toThrow(
        JobAlreadyHeld,
      );
      expect(await store.load("task", "b")).toEqual(held);
      expect(await store.pendingFacts(10)).toEqual([]);
    });

    it("may be kept, given up and taken by another", async () => {
      const { store } = rig();
      const a = await insert(rig(), "task", aTask({ id: "a", holds: "x/1" }));
      const kept = savedOf(await store.save("task", a, { ...a, priority: 1 }));
      await store.save("task", kept, { ...kept, holds: "-/a" });
      expect(await store.insertOnce("task", aTask({ id: "b", holds: "x/1" }))).toEqual({ inserted: true });
    });
  });
}
