import type { Artifacts, Store } from "@granary/domain";
import { PURGE_OVERDUE_MS, PURGE_PARTS } from "@granary/domain";
import { describe, expect, test, vi } from "vitest";
import { NOW } from "../../../libs/checker/test/documents.ts";
import { A, AGAIN, B, C, finishedWorld, SHARED } from "../../../libs/checker/test/finishedWorld.ts";
import { purgeRequest } from "../src/purge/purgeRequest.ts";
import { planOf } from "../src/purge/planPurge.ts";

vi.setConfig({ testTimeout: 240_000 });

type World = Awaited<ReturnType<typeof finishedWorld>>;

class Killed extends Error {
  override readonly name = "Killed";
}

const WRITES = ["save", "removeOutcomes", "removeSlices", "put", "remove"];

/** The ports, which stop after so many writes for good, as a killed process does. */
function dyingPorts({ store, artifacts }: World, writes: number): { store: Store; artifacts: Artifacts } {
  let left = writes;
  function dying<T extends object>(port: T): T {
    return new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]): unknown => {
          if (WRITES.includes(String(name)) && (left -= 1) < 0) throw new Killed(`before ${String(name)}`);
          return Reflect.apply(method, target, args) as unknown;
        };
      },
    });
  }
  return { store: dying<Store>(store), artifacts: dying(artifacts) };
}

async function load(world: World, id: string) {
  const request = await world.store.load("request", id);
  if (!request) throw new Error(`no request ${id}`);
  return request;
}

async function filesBelow({ artifacts }: World, folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path } of artifacts.list(folder)) paths.push(path);
  return paths;
}

/** What the checker says of one request and the tasks that carried it. */
async function faultsOf(world: World, now = NOW): Promise<readonly string[]> {
  const { findings } = await world.check({ now });
  return findings.map(({ rule, id, message }) => `${rule} ${id}: ${message}`);
}

describe("a purged request", () => {
  test("leaves a tombstone with counts and cost, and takes outcomes, slices and files with it", async () => {
    await using world = await finishedWorld();
    const before = await load(world, A);
    expect(await purgeRequest(world, before, PURGE_PARTS)).toBeNull();
    const after = await load(world, A);
    const { contentSha, counts, costMicros, result, usage } = before;
    expect(after).toMatchObject({ contentSha, counts, costMicros, result, usage, metadata: {} });
    expect(after.purged).toMatchObject({ what: PURGE_PARTS, doneAt: NOW });
    expect(await world.store.outcomes(A, { limit: 9 })).toEqual([]);
    expect(await world.store.slicesOf({ request: A }, { limit: 9 })).toEqual([]);
    expect(await filesBelow(world, A)).toEqual([`${A}/${AGAIN}/purged.json`, `${A}/purged.json`]);
    expect(await world.store.load("task", SHARED), "B and C need its files").toMatchObject({
      purged: { at: NOW, filesAt: null },
    });
    expect((await filesBelow(world, `shared/${SHARED}`)).length).toBeGreaterThan(0);
    expect(await faultsOf(world)).toEqual([]);
  });

  test("takes shared files with it once no other request needs them", async () => {
    await using world = await finishedWorld();
    for (const id of [A, B, C])
      expect(await purgeRequest(world, await load(world, id), PURGE_PARTS)).toBeNull();
    expect(await filesBelow(world, `shared/${SHARED}`)).toEqual([`shared/${SHARED}/purged.json`]);
    expect(await faultsOf(world)).toEqual([]);
  });

  test("may lose its prompts alone, and is proven by the rest", async () => {
    await using world = await finishedWorld();
    for (const id of [A, B]) await purgeRequest(world, await load(world, id), ["prompts"]);
    expect((await load(world, B)).input).toEqual({ inline: [] });
    expect((await filesBelow(world, A)).filter((path) => path.includes("input-"))).toEqual([]);
    expect((await world.store.outcomes(A, { limit: 9 })).length).toBe(5);
    expect(await faultsOf(world)).toEqual([]);
  });

  test("has its tasks never harvested again", async () => {
    await using world = await finishedWorld();
    await purgeRequest(world, await load(world, A), PURGE_PARTS);
    await world.store.signal("task", [SHARED], { type: "again", n: 1 });
    expect((await world.store.load("task", SHARED))?.again).toBeNull();
  });

  test("is left while one of its tasks is to be harvested again", async () => {
    await using world = await finishedWorld();
    await world.store.signal("task", [SHARED], { type: "again", n: 1 });
    const around = { retries: new Map<string, string[]>(), requireExport: false };
    const { blocks } = await planOf(world.store, await load(world, A), PURGE_PARTS, around);
    expect(blocks).toEqual([`its task ${SHARED} is to be harvested again`]);
  });

  test("of which something is missing or still there is found", async () => {
    await using world = await finishedWorld();
    const outcomes = await world.store.outcomes(B, { limit: 1 });
    await purgeRequest(world, await load(world, A), PURGE_PARTS);
    await purgeRequest(world, await load(world, B), PURGE_PARTS);
    await world.store.putOutcomes(outcomes);
    await world.put(`${A}/${AGAIN}/late.jsonl`, "x\n");
    expect(await faultsOf(world)).toEqual([
      `V1 ${B}: has outcomes that were purged`,
      `V6 ${A}/${AGAIN}/late.jsonl: was purged and is still there`,
    ]);
  });
});

test("a purge that is killed after any write is finished by the next one, and no finding before", async () => {
  let writes = 0;
  for (; ; writes += 1) {
    await using world = await finishedWorld();
    const dying = dyingPorts(world, writes);
    try {
      await purgeRequest(dying, await load(world, A), PURGE_PARTS);
      break;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    const { purged } = await load(world, A);
    const { findings, purging } = await world.check();
    const begun = purged ? { doneAt: null, purging: 1 } : { doneAt: undefined, purging: undefined };
    expect({ writes, findings, purging, doneAt: purged?.doneAt }).toEqual({ writes, findings: [], ...begun });
    const late = await faultsOf(world, NOW + PURGE_OVERDUE_MS + 3_600_000);
    expect(late.some((fault) => fault.startsWith(`V6 ${A}: is being purged for 25 h`))).toBe(
      purged !== undefined,
    );
    expect(await purgeRequest(world, await load(world, A), PURGE_PARTS)).toBeNull();
    expect((await load(world, A)).purged?.doneAt).toBe(NOW);
    expect(await faultsOf(world)).toEqual([]);
  }
  // Two tasks, the tombstone, outcomes, slices, notes, files and the end of it.
  expect(writes).toBeGreaterThan(12);
});

test("two purges at once, of requests that share a task, leave nothing behind", async () => {
  await using world = await finishedWorld();
  const ids = [A, B, C];
  for (let turn = 0; turn < 5; turn += 1)
    await Promise.all(
      [...ids, ...ids].map(async (id) => purgeRequest(world, await load(world, id), PURGE_PARTS)),
    );
  for (const id of ids) expect((await load(world, id)).purged?.doneAt).toBe(NOW);
  expect(await filesBelow(world, `shared/${SHARED}`)).toEqual([`shared/${SHARED}/purged.json`]);
  expect(await faultsOf(world)).toEqual([]);
});

test("a store from before the purge does not take the purged files for lost", async () => {
  await using world = await finishedWorld();
  await using older = await finishedWorld();
  for (const id of [A, B, C]) await purgeRequest(world, await load(world, id), PURGE_PARTS);
  const { findings, proved } = await older.check({}, { artifacts: world.artifacts });
  expect(findings).toEqual([]);
  expect(proved.find(({ rule }) => rule === "V6")?.skipped).toContain("put back from an older copy");
});
