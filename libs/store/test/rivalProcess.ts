/**
 * One of several processes on one store: makes the tables, says `ready`, waits for a line, then claims and ends tasks
 * until none is left, and writes its own signals and saves onto one request. Prints what it did as one line of JSON.
 */
import { once } from "node:events";
import type { Store } from "@granary/domain";
import { storeAt } from "./storeAt.ts";

/** Nobody is due again within the test. */
const LONG_AFTER = 4e12;

async function endTasks(store: Store, owner: string): Promise<readonly string[]> {
  const ended: string[] = [];
  for (;;) {
    const held = await store.claimDue("task", { duty: "submitter", owner, leaseMs: 60_000, limit: 4 });
    if (held.length === 0) return ended;
    for (const task of held) {
      const next = { ...task, state: "running" as const, priority: task.priority + 1 };
      const result = await store.save("task", task, next, { release: true, dueAt: LONG_AFTER });
      if ("saved" in result) ended.push(task.id);
    }
  }
}

async function writeTogether(store: Store, name: string, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    await store.signal("task", ["shared"], { type: "job", jobId: `${name}-${at}`, at, how: "adopted" });
    for (;;) {
      const held = await store.load("task", "shared");
      if (!held) throw new Error("the shared task is gone");
      const result = await store.save("task", held, { ...held, priority: held.priority + 1 });
      if ("saved" in result) break;
    }
  }
}

const [, , place = "", name = ""] = process.argv;
const store = await storeAt(place);
await store.ensure();
process.stdout.write("ready\n");
await once(process.stdin, "data");
const ended = await endTasks(store, name);
await writeTogether(store, name, 10);
await store.close();
process.stdout.write(`${JSON.stringify(ended)}\n`);
process.stdin.destroy();
