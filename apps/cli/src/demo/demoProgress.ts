import cliProgress from "cli-progress";
import { systemClock } from "@granary/runtime";
import type { Progress } from "../progress/requestFollower.ts";
import { requestFollower } from "../progress/requestFollower.ts";
import type { EmbeddedWorkspace } from "../stack/openWorkspace.ts";
import { count, duration } from "../terminal/format.ts";
import { factTeller } from "./tellFacts.ts";
import type { WorkGroup } from "./workGroups.ts";

const LOOK_MS = 250;
const LINE_MS = 1_000;
/** So long without a change and it will not end by itself. */
const STALLED_MS = 120_000;

/** Nothing moved for two minutes. */
export class DemoStalled extends Error {
  override readonly name = "DemoStalled";
}

/** How far one group is. */
interface Row {
  readonly group: WorkGroup;
  readonly progress: Progress;
}

interface Display {
  draw(rows: readonly Row[]): void;
  /** Something worth telling happened. */
  tell(text: string): void;
  end(): void;
}

/**
 * Shows how the groups get on until nothing is left to do, for them and behind the scenes, or until `stop`.
 * @param startedAt what instants are told from, by the monotonic clock
 * @throws DemoStalled
 */
export async function followDemo(
  workspace: EmbeddedWorkspace,
  groups: readonly WorkGroup[],
  startedAt: number,
  stop: AbortSignal,
): Promise<void> {
  const display = process.stdout.isTTY ? bars() : lines(startedAt);
  const over = new AbortController();
  const textOf = factTeller();
  const hearing = workspace.bus.wake((fact) => {
    const text = textOf(fact);
    if (text !== null) display.tell(`${since(startedAt)}  ${text}`);
  }, over.signal);
  const followers = groups.map((group) => ({ group, follower: requestFollower(workspace, group.ids) }));
  let last = "";
  let movedAt = performance.now();
  try {
    while (!stop.aborted) {
      const rows: Row[] = [];
      for (const { group, follower } of followers) rows.push({ group, progress: await follower.look() });
      display.draw(rows);
      if (rows.every(isDone) && (await isQuiet(workspace))) return;
      const text = JSON.stringify(rows.map(({ progress }) => progress));
      if (text !== last) movedAt = performance.now();
      last = text;
      if (performance.now() - movedAt > STALLED_MS) throw new DemoStalled(stalledText(rows));
      await systemClock.sleep(LOOK_MS, stop);
    }
  } finally {
    display.end();
    over.abort();
    await hearing;
  }
}

function isDone({ progress: { requests } }: Row): boolean {
  return requests.ended === requests.total;
}

/** Requests end when their items have; their tasks, and what is still to be told, a moment later. */
async function isQuiet({ store }: EmbeddedWorkspace): Promise<boolean> {
  const { tasks, outbox } = await store.gauges();
  const open = tasks.filter(({ state }) => state !== "ended" && state !== "void");
  return open.length === 0 && outbox.pending === 0;
}

function stalledText(rows: readonly Row[]): string {
  const open = rows
    .filter((row) => !isDone(row))
    .map((row) => `${row.group.name}: ${stateText(row.progress)}`);
  return [`nothing has moved for ${duration(STALLED_MS)}`, ...open].join("\n  ");
}

function bars(): Display {
  const all = new cliProgress.MultiBar({
    format: "{name} {bar} {done} of {all} · {state}",
    stream: process.stdout,
    hideCursor: true,
    barsize: 20,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    linewrap: false,
    fps: 8,
  });
  const drawn = new Map<WorkGroup, cliProgress.SingleBar>();
  return {
    draw(rows) {
      const width = Math.max(...rows.map(({ group }) => group.name.length));
      for (const { group, progress } of rows) {
        const { items } = progress;
        const payload = {
          name: group.name.padEnd(width),
          done: count(items.ended).padStart(count(items.total).length),
          all: count(items.total),
          state: stateText(progress),
        };
        const bar = drawn.get(group) ?? all.create(items.total, items.ended, payload);
        drawn.set(group, bar);
        bar.update(items.ended, payload);
      }
    },
    tell: (text) => all.log(`${text}\n`),
    end: () => all.stop(),
  };
}

/** Where nobody watches: at most a line a second, and only when something has changed. */
function lines(startedAt: number): Display {
  let last = "";
  let saidAt = -Infinity;
  return {
    draw(rows) {
      const sum = (pick: (progress: Progress) => number): number =>
        rows.reduce((total, { progress }) => total + pick(progress), 0);
      const text = `${count(sum(({ items }) => items.ended))} of ${count(sum(({ items }) => items.total))} items, ${count(sum(({ requests }) => requests.ended))} of ${count(sum(({ requests }) => requests.total))} requests have ended`;
      if (text === last || (!rows.every(isDone) && performance.now() - saidAt < LINE_MS)) return;
      last = text;
      saidAt = performance.now();
      console.log(`${since(startedAt)}  ${text}`);
    },
    tell: (text) => console.log(text),
    end: () => {},
  };
}

function stateText({ requests, tasks }: Progress): string {
  if (requests.ended === requests.total) return "done";
  if (tasks.length === 0) return "waits to be packed";
  return tasks
    .map(({ count: number, state, waitsFor }) => `${number} ${state}${waitsFor ? ` (${waitsFor})` : ""}`)
    .join(", ");
}

function since(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
}
