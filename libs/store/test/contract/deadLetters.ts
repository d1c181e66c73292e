import { describe, expect, it } from "vitest";
import type { DeadLetter } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { idsOf, many, turnOf } from "../documents.ts";

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

function pairsOf(headers: DeadLetter["headers"] = {}): readonly string[] {
  return Object.entries(headers)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();
}

export function describeDeadLetters(rig: () => Rig): void {
  describe("dead letters", () => {
    it("are kept once, and read page by page", async () => {
      const { store } = rig();
      await store.putDead([aLetter("b"), aLetter("a", { redrivenAt: 9 })]);
      await store.putDead([aLetter("b", { reason: "other" }), aLetter("c")]);
      expect(await store.dead({ limit: 2 })).toEqual([aLetter("a", { redrivenAt: 9 }), aLetter("b")]);
      expect(await store.dead({ limit: 2, after: "b" })).toEqual([aLetter("c")]);
      expect((await store.gauges()).dead).toBe(2);
    });

    it("keep headers whatever their names are", async () => {
      const { store } = rig();
      const headers = { "Nats-Msg-Id": "1", "$where.a": "2", "": "3", ["__proto__"]: "4" };
      await store.putDead([aLetter("a", { headers })]);
      const [letter] = await store.dead({ limit: 1 });
      expect(pairsOf(letter?.headers)).toEqual(pairsOf(headers));
    });

    it("are loaded by id, those that exist", async () => {
      const { store } = rig();
      await store.putDead(["a", "b", "c"].map((id) => aLetter(id)));
      const found = await store.loadDead(["c", "none", "a"]);
      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([aLetter("a"), aLetter("c")]);
      expect(await store.loadDead([])).toEqual([]);
    });

    it("are marked when they are sent again, and the first time stands", async () => {
      const { store } = rig();
      await store.putDead(["a", "b", "c"].map((id) => aLetter(id)));
      expect((await store.markRedriven(["b", "none", "a"], 70)).toSorted()).toEqual(["a", "b"]);
      expect(await store.markRedriven(["b", "c"], 80)).toEqual(["c"]);
      expect(await store.markRedriven(["b", "c"], 80)).toEqual([]);
      expect(await store.dead({ limit: 9 })).toEqual([
        aLetter("a", { redrivenAt: 70 }),
        aLetter("b", { redrivenAt: 70 }),
        aLetter("c", { redrivenAt: 80 }),
      ]);
      expect((await store.gauges()).dead).toBe(0);
    });

    it("are each marked by one of many who send them again", async () => {
      const { store, second } = rig();
      const stores = [store, await second()];
      const letters = many(20, (at) => aLetter(`l${at}`));
      await store.putDead(letters);
      const marked = await Promise.all(
        many(6, (at) => turnOf(stores, at).markRedriven(idsOf(letters), 70 + at)),
      );
      expect(marked.flat().toSorted()).toEqual(idsOf(letters).toSorted());
    });
  });
}
