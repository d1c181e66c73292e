import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hexOf } from "../seeded.ts";
import { diskName } from "../storedPath.ts";

/** How often a content was struck by a line rule with `times`, over all jobs that have ended. */
export interface Attempts {
  count(key: string): number;
  /** Writes down what a job's lines were struck by, before the job is recorded as ended. May be repeated. */
  keep(jobId: string, keys: readonly string[]): void;
  /** Counts what was kept of a job that has ended. */
  take(jobId: string): void;
}

/** Names a rule and a request's content, whatever its custom id. */
export function contentKey(rule: number, body: object): string {
  return `${rule}:${hexOf(JSON.stringify(body))}`;
}

/** Opens the counts kept in a folder, one file a job. Nothing counts before its job is taken. */
export function openAttempts(folder: string): Attempts {
  mkdirSync(folder, { recursive: true });
  const kept = new Set(readdirSync(folder));
  const counts = new Map<string, number>();
  return {
    count: (key) => counts.get(key) ?? 0,
    keep(jobId, keys) {
      if (keys.length === 0) return;
      const file = `${diskName(jobId)}.txt`;
      writeFileSync(join(folder, `${file}.part`), keys.join("\n"));
      renameSync(join(folder, `${file}.part`), join(folder, file));
      kept.add(file);
    },
    take(jobId) {
      const file = `${diskName(jobId)}.txt`;
      if (!kept.delete(file)) return;
      for (const key of readFileSync(join(folder, file), "utf8").split("\n"))
        counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}
