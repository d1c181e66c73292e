import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { sqliteStore } from "@granary/store";
import { aTask, many, testIds } from "./documents.ts";
import { newFolder } from "./sqliteRig.ts";

const DEADLINE_MS = 60_000;
const RIVALS = ["a", "b", "c"];

interface Rival {
  /** The next line it prints. */
  line(): Promise<string>;
  go(): void;
  kill(): void;
}

function startRival(path: string, name: string): Rival {
  const script = join(import.meta.dirname, "rivalProcess.ts");
  const child = spawn(process.execPath, ["--conditions=@granary/source", script, path, name], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`process ${name} ended with ${child.exitCode}`);
      return value;
    },
    go: () => child.stdin.write("go\n"),
    kill: () => child.kill("SIGKILL"),
  };
}

it(
  "gives every task to one of three processes, and loses none of their signals and saves",
  { timeout: DEADLINE_MS },
  async () => {
    const folder = await newFolder();
    const path = join(folder.path, "granary.db");
    // All three make the tables of the new file at once.
    const rivals = RIVALS.map((name) => startRival(path, name));
    try {
      for (const rival of rivals) expect(await rival.line()).toBe("ready");
      const store = sqliteStore({ path, clock: { now: () => Date.now() }, ids: testIds });
      const ids = many(90, (at) => `t${String(at).padStart(2, "0")}`);
      for (const id of ids) await store.insertOnce("task", aTask({ id }));
      await store.insertOnce("task", aTask({ id: "shared", state: "running", dueAt: null }));

      for (const rival of rivals) rival.go();
      const ended: string[][] = [];
      for (const rival of rivals) ended.push(JSON.parse(await rival.line()) as string[]);

      expect(ended.flat().toSorted()).toEqual(ids);
      const tasks = await store.loadMany("task", ids);
      expect(
        tasks.every(({ claim, version, priority }) => claim === 1 && version === 2 && priority === 1),
      ).toBe(true);
      const shared = await store.load("task", "shared");
      const jobs = RIVALS.flatMap((name) => many(10, (at) => `${name}-${at}`));
      expect(shared).toMatchObject({ priority: 30, version: 1 + 30 + 30 });
      expect(shared?.jobs.map(({ jobId }) => jobId).toSorted()).toEqual(jobs);
      await store.close();
    } finally {
      for (const rival of rivals) rival.kill();
      await folder.remove();
    }
  },
);
