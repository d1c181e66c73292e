import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TaskDoc } from "@granary/domain";
import { newHead, newTask, poolKey } from "@granary/domain";
import { systemClock, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());
const path = join(here.folder, "stuck.db");
const POOL = { account: "openai:simulated", model: "gpt-4o-mini", endpoint: "/v1/chat/completions" };
const LATE_MS = 600_000;
/** Services are said to be at work, and none is: nothing listens there. */
const DISTRIBUTED = { GRANARY_SQLITE: path, NATS_URL: "nats://127.0.0.1:1" };
const EMBEDDED = { GRANARY_SQLITE: path };

interface Doctor {
  readonly healthy: boolean;
  readonly symptoms: readonly {
    readonly level: string;
    readonly about: string;
    readonly message: string;
    readonly remedy?: string;
    readonly documents?: readonly Record<string, unknown>[];
  }[];
}

let lateAt = 0;

function task(id: string, with_: Partial<TaskDoc>): TaskDoc {
  const packing = newTask({
    id,
    by: "test",
    owner: "packer",
    leaseUntil: 0,
    ...POOL,
    provider: "openai",
    poolKey: poolKey(POOL),
    priority: 0,
  });
  return { ...packing, owner: null, dueAt: lateAt, ...with_ };
}

beforeAll(async () => {
  await here.granary(
    ["submit", here.write("a.jsonl", items(2)), "--model", POOL.model, "--id", "a", "--no-wait"],
    EMBEDDED,
  );
  lateAt = systemClock.now() - LATE_MS;
  const store = sqliteStore({ path, clock: systemClock, ids: systemIds });
  const error = { code: "429", message: "too many jobs", at: lateAt };
  await store.insertOnce("task", task("t-held", { state: "planned", waitsFor: "limit", lastError: error }));
  await store.insertOnce("task", task("t-running", { state: "running", dueAt: lateAt - 1 }));
  await store.insertOnce(
    "task",
    task("t-leased", { state: "running", leaseUntil: systemClock.now() + 3_600_000 }),
  );
  await store.insertOnce("task", task("t-later", { state: "running", dueAt: systemClock.now() + 3_600_000 }));
  await store.insertOnce("task", task("t-ended", { state: "ended", dueAt: null }));
  for (let at = 0; at < 8; at += 1)
    await store.insertOnce("task", task(`t-many-${at}`, { state: "settling", dueAt: lateAt - at }));
  await store.insertOnce("sweep", {
    ...newHead({ id: POOL.account, by: "test", dueAt: lateAt }),
    account: POOL.account,
    state: "open",
    seq: 1,
    startedAt: null,
    foreign: { jobs: 0, lines: 0 },
    orphans: [],
    lastError: null,
  });
  await store.close();
  const database = new DatabaseSync(path);
  database.prepare("UPDATE request SET dueAt = ?, leaseUntil = 0").run(lateAt);
  database.close();
});

const doctor = async (env: Readonly<Record<string, string>>): Promise<Doctor> => here.json(["doctor"], env);

describe("granary doctor on a store that nobody works on", () => {
  test("names every overdue document with what it waits for, since when, and what to do about it", async () => {
    const { healthy, symptoms } = await doctor(DISTRIBUTED);
    expect(healthy).toBe(false);
    const due = symptoms.filter(({ about }) => about === "due work");
    expect(due.every(({ level, remedy }) => level === "bad" && remedy?.includes(POOL.account))).toBe(true);
    const named = due.flatMap(({ documents = [] }) => documents);
    const since = new Date(lateAt).toISOString().replace(/\.\d{3}Z$/, "Z");
    expect(named).toContainEqual({
      kind: "task",
      id: "t-held",
      state: "planned",
      dueAt: lateAt,
      since,
      waitsFor: "limit",
      remedy: expect.stringContaining("raise its limits"),
      lastError: "429: too many jobs",
    });
    expect(named).toContainEqual(
      expect.objectContaining({
        kind: "task",
        id: "t-running",
        waitsFor: "the monitor",
        remedy: expect.stringContaining("start a monitor"),
      }),
    );
    expect(named).toContainEqual(
      expect.objectContaining({ kind: "request", state: "running", waitsFor: "the monitor" }),
    );
    expect(named).toContainEqual(
      expect.objectContaining({ kind: "sweep", id: POOL.account, waitsFor: "the monitor" }),
    );
    const ids = named.map(({ id }) => id);
    for (const id of ["t-leased", "t-later", "t-ended"]) expect(ids).not.toContain(id);
    // Of many the oldest are named, and all are counted.
    expect(due.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^8 task documents of openai:simulated are due for the harvester, the oldest for 10 min/,
      ),
    );
    expect(ids.filter((id) => String(id).startsWith("t-many"))).toEqual(
      [7, 6, 5, 4, 3].map((at) => `t-many-${at}`),
    );
  });

  test("says it in lines, and ends with 1", async () => {
    const { code, stdout } = await here.granary(["doctor"], DISTRIBUTED);
    expect(code).toBe(1);
    expect(stdout).toMatch(/BAD {3}due work: 1 task documents of openai:simulated are due for the monitor/);
    expect(stdout).toMatch(
      / {6}task t-running, running, due since \d{4}-.*, waits for the monitor: nobody has taken it up/,
    );
    expect(stdout).toMatch(
      / {6}task t-held, planned, due since .*, waits for limit \(429: too many jobs\): the account takes/,
    );
  });

  test("only mentions it where nothing was started yet, and says what to start", async () => {
    const due = (await doctor(EMBEDDED)).symptoms.filter(({ about }) => about === "due work");
    expect(due.length).toBeGreaterThan(0);
    expect(due.every(({ level, remedy }) => level === "note" && remedy === "start granary up")).toBe(true);
    const kinds = due.flatMap(({ documents = [] }) => documents.map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set(["request", "task"]));
  });
});
