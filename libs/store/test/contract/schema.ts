import { describe, expect, it } from "vitest";
import { demandReady } from "@granary/store";
import type { Rig } from "../contract.ts";
import { aTask } from "../documents.ts";

export function describeSchema(rig: () => Rig, open: () => Promise<Rig>): void {
  describe("the schema", () => {
    it("is ready once it was ensured, however often", async () => {
      const { store } = rig();
      await store.ensure();
      const { found, wanted, missing } = await store.schema();
      expect(wanted).toBeGreaterThan(0);
      expect(found).toBe(wanted);
      expect(missing).toEqual([]);
      await demandReady(store);
    });

    it("is not there before, and looking does not make it", async () => {
      const { store, close } = await open();
      try {
        const state = await store.schema();
        expect(state).toMatchObject({ found: 0, wanted: (await rig().store.schema()).wanted });
        expect(state.missing.length).toBeGreaterThan(5);
        expect(state.missing.join()).toContain("slice");
        await expect(demandReady(store)).rejects.toThrow(/granary migrate up.*outcome/);
        expect(await store.schema()).toEqual(state);
      } finally {
        await close();
      }
    });

    it("is made once by several that ensure it at the same time", async () => {
      const { store, second, close } = await open();
      try {
        const stores = [store, await second(), await second()];
        await Promise.all(stores.map((each) => each.ensure()));
        for (const each of stores) await demandReady(each);
        expect(await store.insertOnce("task", aTask())).toEqual({ inserted: true });
      } finally {
        await close();
      }
    });
  });
}
