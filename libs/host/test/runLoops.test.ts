import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@granary/domain";
import { memoryBus } from "@granary/messaging";
import type { Worker } from "@granary/runtime";
import { openLogger, readConfig, systemClock } from "@granary/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { catalogueOf, openDeps, openStore, runLoops } from "../src/index.ts";

async function rig() {
  const folder = await mkdtemp(join(tmpdir(), "granary-host-"));
  const config = readConfig({
    env: { GRANARY_SQLITE: join(folder, "granary.db"), GRANARY_ARTIFACTS: join(folder, "artifacts") },
    readFile: () => "",
    reader: "embedded",
    isolated: true,
    jobLimits: { openai: { lines: 1, bytes: 1, lineBytes: 1, tokens: 1 } },
  });
  const log = openLogger({ level: "silent" });
  const place = await openStore(config.store, log);
  onTestFinished(async () => {
    await place[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  await place.store.ensure();
  const bus = memoryBus({ clock: systemClock });
  const deps = await openDeps(config, {
    log,
    store: place.store,
    catalogue: catalogueOf(config),
    publish: async (facts) => bus.publish(facts),
  });
  return { place, bus, deps };
}

const ACCOUNT = "openai:simulated";

test("a write of anybody wakes the workers, and what the last step told is published before the end", async () => {
  const { place, bus, deps } = await rig();
  const { store } = place;
  const heard: string[] = [];
  const over = new AbortController();
  const listening = bus.wake((fact) => heard.push(fact.id), over.signal);
  const stop = new AbortController();
  const fact = { specversion: "1.0", id: "account:x:1", type: "granary.v1.fact.task.planned" } as Fact;
  const beats = new Set<string>();
  const step: Worker<"account">["step"] = async (held) => {
    stop.abort();
    await store.save("account", held, held, { facts: [fact], release: true, dueAt: held.dueAt! + 600_000 });
  };
  const workers = [
    { name: "once", kind: "account", duty: "submitter", leaseMs: 5_000, concurrency: 1, step },
  ] as const;
  const beat = (loop: string): void => void beats.add(loop);
  // Nobody looks within the test's time unless it is woken.
  const running = runLoops(deps, bus, place.watch, { workers, idleMs: 600_000, beat }, stop.signal);
  await vi.waitFor(() => expect(beats).toEqual(new Set(["once", "relay"])));
  const other = await openStore(
    { kind: "sqlite", sqlite: place.name.slice("SQLite, ".length), lock: "" },
    deps.log,
  );
  await other.store.insertOnce("account", {
    id: ACCOUNT,
    version: 1,
    by: "other",
    dueAt: 0,
    claim: 0,
    owner: null,
    leaseUntil: 0,
    strikes: 0,
    eventSeq: 0,
    state: "open",
    account: ACCOUNT,
    pauses: {},
    learned: {},
  });
  await running;
  await other[Symbol.asyncDispose]();
  expect(heard).toEqual([fact.id]);
  expect((await store.gauges()).outbox.pending).toBe(0);
  over.abort();
  await listening;
});
