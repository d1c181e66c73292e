import { expect, it, vi } from "vitest";
import type { Store } from "@granary/domain";
import { aTask, many } from "./documents.ts";
import { dropDatabase, newDatabase } from "./mongoRig.ts";
import { onEachServer } from "./mongoServers.ts";
import { runRivals } from "./rivalRun.ts";
import { startRival } from "./rivals.ts";
import { storeAt } from "./storeAt.ts";

vi.setConfig({ testTimeout: 120_000 });

/** Writers together, and how often they are killed. */
const WRITERS = 3;
const ROUNDS = 3;
const SAVES_A_ROUND = 20;

/** The tasks and what they tell, once what the dead had under way has landed or is lost. */
async function atRest(store: Store, ids: readonly string[]) {
  for (;;) {
    const before = await store.loadMany("task", ids);
    const facts = await store.pendingFacts(10_000);
    const tasks = await store.loadMany("task", ids);
    const versions = new Map(before.map(({ id, version }) => [id, version]));
    if (tasks.every(({ id, version }) => versions.get(id) === version)) return { tasks, facts };
  }
}

await onEachServer(
  // FerretDB 1 lets two writers win one compare-and-set: see ferretdbGaps.ts.
  ({ kind }) => kind !== "ferretdb",
  (_, server) => {
    it("gives every task to one of three processes, and loses none of their signals and saves", async () => {
      const { uri } = server();
      const database = newDatabase();
      expect(database).not.toBe("");
      try {
        await runRivals(`${uri}#${database}`);
      } finally {
        await dropDatabase(uri, database);
      }
    });

    it("keeps every answered save of writers that are killed, with its fact, and nothing by halves", async () => {
      const { uri } = server();
      const database = newDatabase();
      const place = `${uri}#${database}`;
      const store = await storeAt(place);
      try {
        await store.ensure();
        const ids = many(5, (at) => `w${at}`);
        for (const id of ids) await store.insertOnce("task", aTask({ id }));
        const answered = new Map(ids.map((id) => [id, 0]));
        for (let round = 0; round < ROUNDS; round += 1) {
          const writers = many(WRITERS, (at) => startRival("writerProcess.ts", place, String(at)));
          try {
            for (const writer of writers) expect(await writer.line()).toBe("ready");
            for (let save = 0; save < SAVES_A_ROUND; save += 1)
              for (const writer of writers) {
                const id = await writer.line();
                answered.set(id, (answered.get(id) ?? 0) + 1);
              }
          } finally {
            await Promise.all(writers.map((writer) => writer.kill()));
          }
        }
        const { tasks, facts } = await atRest(store, ids);
        expect(tasks).toHaveLength(ids.length);
        for (const { id, version, priority, eventSeq } of tasks) {
          expect(priority).toBeGreaterThanOrEqual(answered.get(id) ?? 0);
          expect({ version, eventSeq }).toEqual({ version: 1 + priority, eventSeq: priority });
          const told = facts.map(({ fact }) => fact.id).filter((fact) => fact.startsWith(`task:${id}:`));
          expect(told).toEqual(many(eventSeq, (at) => `task:${id}:${at + 1}`));
        }
      } finally {
        await store.close();
        await dropDatabase(uri, database);
      }
    });
  },
);
