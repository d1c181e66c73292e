import { describe, expect, it } from "vitest";
import type { DeadLetter } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { aFact, aTask, idsOf, many } from "../documents.ts";

function aLetter(id: string, given: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    subject: "s",
    reason: "no JSON",
    headers: { a: "b" },
    bytes: "e30=",
    at: 5,
    redrivenAt: null,
    ...given,
  };
}

export function describeOutbox(rig: () => Rig): void {
  describe("the outbox", () => {
    it("gives facts in the order they were written, until they are dropped", async () => {
      const { store } = rig();
      const facts = many(5, (at) => aFact("task", { id: `t${9 - at}`, eventSeq: 0 }));
      for (const fact of facts) await store.insertOnce("task", aTask({ id: fact.subject }), [fact]);
      const first = await store.pendingFacts(3);
      expect(first.map(({ fact }) => fact)).toEqual(facts.slice(0, 3));
      expect(first.every(({ at }) => at > 0)).toBe(true);
      await store.dropFacts([...idsOf(facts.slice(0, 3)), "none"]);
      await store.dropFacts(idsOf(facts.slice(0, 1)));
      expect((await store.pendingFacts(9)).map(({ fact }) => fact)).toEqual(facts.slice(3));
    });

    it("does not change a document by dropping its facts", async () => {
      const { store } = rig();
      const fact = aFact("task", aTask());
      await store.insertOnce("task", aTask(), [fact]);
      const before = await store.load("task", "grtest-1");
      await store.dropFacts([fact.id]);
      expect(await store.load("task", "grtest-1")).toEqual(before);
    });

    it("keeps the facts of one document in the order they were told", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      for (const eventSeq of many(4, (at) => at * 2)) {
        const held = await store.load("task", "grtest-1");
        if (!held) throw new Error("the task is gone");
        const facts = [aFact("task", held), aFact("task", { id: held.id, eventSeq: eventSeq + 1 })];
        await store.save("task", held, held, { facts });
      }
      const told = (await store.pendingFacts(100)).map(({ fact }) => fact.id);
      expect(told).toEqual(many(8, (at) => `task:grtest-1:${at + 1}`));
    });
  });

  describe("dead letters", () => {
    it("are kept once, and read page by page", async () => {
      const { store } = rig();
      await store.putDead([aLetter("b"), aLetter("a", { redrivenAt: 9 })]);
      await store.putDead([aLetter("b", { reason: "other" }), aLetter("c")]);
      expect(await store.dead({ limit: 2 })).toEqual([aLetter("a", { redrivenAt: 9 }), aLetter("b")]);
      expect(await store.dead({ limit: 2, after: "b" })).toEqual([aLetter("c")]);
      expect((await store.gauges()).dead).toBe(2);
    });
  });
}
