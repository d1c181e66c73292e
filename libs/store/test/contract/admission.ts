import { describe, expect, it } from "vitest";
import type { TaskDoc } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { ACCOUNT, aJob, anIntent, aSweep, aTask, many, verdictsOf, turnOf } from "../documents.ts";
import { insert } from "./documents.ts";

const HOUR_MS = 3_600_000;

export function describeAdmission(rig: () => Rig): void {
  async function add(...tasks: readonly Partial<TaskDoc>[]): Promise<void> {
    for (const [at, given] of tasks.entries())
      await rig().store.insertOnce("task", aTask({ id: `t${at}`, ...given }));
  }

  describe("the usage of an account", () => {
    it("is nothing where nothing is under way", async () => {
      await add({}, { state: "packing" }, { account: "other", state: "running", submittedAt: 1 });
      expect(await rig().store.usage(ACCOUNT)).toEqual({
        jobs: 0,
        byModel: {},
        createsLastMinute: 0,
        spentMicros: 0,
        spentBySource: {},
        oldestOpenAt: null,
        foreign: { jobs: 0, lines: 0 },
      });
    });

    it("counts tasks that have a job or may have one, by model", async () => {
      await add(
        { state: "submitting" },
        { state: "unknown", tokens: 20 },
        { state: "running", tokens: 3 },
        { state: "running", model: "gpt-y", tokens: 7 },
        { state: "harvesting" },
        { state: "planned" },
      );
      const { jobs, byModel } = await rig().store.usage(ACCOUNT);
      expect(jobs).toBe(4);
      expect(byModel).toEqual({
        "gpt-x": { jobs: 3, tokens: 123, submitting: 1 },
        "gpt-y": { jobs: 1, tokens: 7, submitting: 0 },
      });
    });

    it("follows every write", async () => {
      const { store } = rig();
      const task = await insert(rig(), "task", aTask());
      await store.save("task", task, { ...task, state: "submitting" });
      expect((await store.usage(ACCOUNT)).byModel).toEqual({
        "gpt-x": { jobs: 1, tokens: 100, submitting: 1 },
      });
    });

    it("counts creates of the last minute, ended ones too", async () => {
      const { store } = rig();
      const now = await store.now();
      await add(
        { state: "submitting", intent: anIntent({ at: now - 30_000 }) },
        { state: "ended", intent: anIntent({ at: now - 40_000 }), endedAt: now },
        { state: "running", submittedAt: now - 20_000 },
        { state: "running", intent: anIntent({ at: now - 90_000 }) },
      );
      expect((await store.usage(ACCOUNT)).createsLastMinute).toBe(3);
    });

    it("spends today's costs and the estimates of what is under way", async () => {
      const { store } = rig();
      const now = await store.now();
      const surplus = { how: "surplus", closedAt: now } as const;
      await add(
        { state: "running", estimateMicros: 100, bySource: { zoo: { lines: 10, estimateMicros: 100 } } },
        { state: "settling", estimateMicros: null, bySource: { zoo: { lines: 10, estimateMicros: null } } },
        { state: "planned", estimateMicros: 5_000 },
        {
          state: "ended",
          endedAt: now,
          verdicts: verdictsOf(300, 20),
          jobs: [aJob("a", { costMicros: 9_000 }), aJob("b", { ...surplus, costMicros: 80 })],
          lines: 8,
          bySource: { shop: { lines: 6, estimateMicros: 1 }, zoo: { lines: 2, estimateMicros: 1 } },
        },
        { state: "ended", endedAt: now, verdicts: null },
        { state: "ended", endedAt: now - 25 * HOUR_MS, verdicts: verdictsOf(7_000, 0) },
      );
      const { spentMicros, spentBySource } = await store.usage(ACCOUNT);
      expect(spentMicros).toBe(100 + 300 + 20 + 80);
      expect(spentBySource).toEqual({ shop: 300, zoo: 200 });
    });

    it("takes the estimate where a charge has no price", async () => {
      const endedAt = await rig().store.now();
      await add({ state: "ended", endedAt, estimateMicros: 70, verdicts: verdictsOf(null, null) });
      expect((await rig().store.usage(ACCOUNT)).spentMicros).toBe(70);
    });

    it("says when the oldest open attempt began", async () => {
      await add(
        { state: "submitting" },
        { state: "unknown", intent: anIntent({ startedAt: 700 }) },
        { state: "running", submittedAt: 600 },
        { state: "ended", submittedAt: 1, endedAt: 5 },
      );
      expect((await rig().store.usage(ACCOUNT)).oldestOpenAt).toBe(600);
    });

    it("names the foreign jobs that the sweep saw", async () => {
      await insert(rig(), "sweep", aSweep({ foreign: { jobs: 3, lines: 40 } }));
      expect((await rig().store.usage(ACCOUNT)).foreign).toEqual({ jobs: 3, lines: 40 });
    });
  });

  describe("the gate", () => {
    it("is made at first sight and then stays", async () => {
      const { store, second } = rig();
      const gate = await store.gate("aaaa");
      expect(gate).toMatchObject({ grant: null, instance: "aaaa", epoch: expect.any(Number) });
      expect(await (await second()).gate("bbbb")).toEqual(gate);
    });

    it("grants to one of many", async () => {
      const { store, second } = rig();
      const stores = [store, await second()];
      const { version } = await store.gate("aaaa");
      const answers = await Promise.all(
        many(10, (at) => turnOf(stores, at).grant(version, { taskId: `t${at}`, at })),
      );
      const granted = answers.filter((answer) => answer !== null);
      expect(granted).toHaveLength(1);
      expect(await store.gate("bbbb")).toEqual(granted[0]);
      expect(granted[0]?.version).toBe(version + 1);
    });

    it("takes a grant back on its version only", async () => {
      const { store } = rig();
      const { version } = await store.gate("aaaa");
      await store.grant(version, { taskId: "t", at: 1 });
      expect(await store.grant(version, null)).toBeNull();
      expect(await store.grant(version + 1, null)).toMatchObject({ grant: null, version: version + 2 });
    });

    it("keeps its epoch apart from its grants", async () => {
      const { store } = rig();
      const gate = await store.gate("aaaa");
      const epoch = gate.epoch + 77;
      await store.setEpoch(epoch);
      expect(await store.gate("aaaa")).toEqual({ ...gate, epoch });
    });

    it("never sets its epoch back: of several replicas the latest has the last word", async () => {
      const { store } = rig();
      const { epoch } = await store.gate("aaaa");
      await store.setEpoch(epoch + 2);
      await store.setEpoch(epoch + 1);
      expect((await store.gate("aaaa")).epoch).toBe(epoch + 2);
    });
  });
}
