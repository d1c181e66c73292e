import { constants } from "node:os";
import { doorbell, systemClock } from "@granary/runtime";
import { remedyFor } from "../remedies.ts";
import type { Workspace } from "../stack/workspace.ts";
import type { Progress, RequestFollower, TaskGroup } from "./requestFollower.ts";

/** At most five looks a second; and however long a look takes, most of the time is others'. */
const LEAST_MS = 200;
const REST = 4;
const LONGEST_MS = 1_000;
/** How often it is asked whether anybody works on the store. */
const UP_MS = 2_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What is drawn after each look. */
export interface Drawing {
  draw(progress: Progress, attention: readonly string[]): void;
  end(): void;
}

/** Follows requests until all have ended, woken by whoever writes to the store. Answers the last look. */
export async function followRequests(
  workspace: Workspace,
  follower: RequestFollower,
  drawing: Drawing,
): Promise<Progress> {
  const over = new AbortController();
  const bell = doorbell(systemClock);
  const wait = bell.listener();
  const watching = workspace.watch(() => bell.ring(), over.signal);
  const onSignal = (signal: "SIGINT" | "SIGTERM"): void => {
    drawing.end();
    process.stderr.write("no longer followed; the requests go on: granary watch follows them again\n");
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  let upAt = -Infinity;
  let up: readonly string[] = [];
  try {
    for (;;) {
      const startedAt = performance.now();
      const progress = await follower.look();
      const done = progress.requests.ended === progress.requests.total;
      if (!done && startedAt - upAt > UP_MS) {
        up = await upAttention(workspace);
        upAt = startedAt;
      }
      drawing.draw(progress, done ? [] : [...up, ...attentionOf(progress.tasks)]);
      if (done) return progress;
      const took = performance.now() - startedAt;
      await systemClock.sleep(Math.max(LEAST_MS, took * REST), over.signal);
      await wait(LONGEST_MS, over.signal);
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    drawing.end();
    over.abort();
    await watching;
  }
}

async function upAttention({ config, atWork }: Workspace): Promise<readonly string[]> {
  const working = await atWork();
  if (working.kind === "services") return [];
  if (working.kind === "nobody")
    return ["nothing works on this store: start granary up in another terminal (what is accepted is kept)"];
  const up = working.state;
  if (up.accounts.length === 0) return [];
  return config.accounts
    .filter(({ settings }) => !up.accounts.includes(settings.id))
    .map(
      ({ settings }) =>
        `granary up (process ${up.pid}) runs without the account ${settings.id}: start it again with the same settings`,
    );
}

/** What tasks wait for, in sentences, where it is more than their turn. */
export function attentionOf(tasks: readonly TaskGroup[]): readonly string[] {
  return tasks.flatMap(({ waitsFor, account, lastError, count }) => {
    if (waitsFor === null || waitsFor === "grant" || waitsFor === "settle") return [];
    const said = lastError ? ` (${lastError.message})` : "";
    return [
      `${count === 1 ? "a task" : `${count} tasks`} of ${account} ${count === 1 ? "waits" : "wait"} for ${waitsFor}${said}: ${remedyFor(waitsFor)}`,
    ];
  });
}
