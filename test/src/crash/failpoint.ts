import { once } from "node:events";
import { writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { OnWrite } from "./watchedPorts.ts";
import { CRASH_POINTS } from "./points.ts";
import { describeWrite } from "./write.ts";

/** The variable that the processes of this folder read, and nothing that is shipped does. */
export const FAILPOINT = "GRANARY_FAILPOINT";

/**
 * What happens at a point: the process dies at once, is told to end and goes on, is stopped until somebody continues it,
 * or stands still for so long.
 */
export type Strike = "kill" | "term" | "stop" | { readonly waitMs: number };

/** Where one life of a process is struck, and how. */
export interface Failpoint {
  readonly name: string;
  readonly strike: Strike;
  /** At which write of this name; from 1. */
  readonly nth: number;
}

/** The longest of Node's timers. */
const LONGEST_MS = 2_147_483_647;

const FORM = /^([A-Z][A-Za-z0-9]*\.[a-z-]+)(?::(kill|term|stop|wait(\d+)))?(?:@(\d+))?$/;

/**
 * Reads `<name>[:kill|term|stop|wait<ms>][@n]`, several with commas between them; none where it is empty.
 * @throws Error where a name is none, or the form is another
 */
export function readFailpoints(text: string): readonly Failpoint[] {
  return text
    .split(",")
    .filter((each) => each !== "")
    .map((each) => {
      const [, name = "", strike = "kill", waitMs, nth = "1"] = FORM.exec(each) ?? [];
      if (!CRASH_POINTS.some((point) => point.name === name))
        throw new Error(`${FAILPOINT}: ${each} is no failpoint: npm run crash -- --list has them all`);
      return {
        name,
        strike: waitMs === undefined ? (strike as "kill" | "term" | "stop") : { waitMs: Number(waitMs) },
        nth: Number(nth),
      };
    });
}

/** A failpoint as it is read. */
export function failpointText({ name, strike, nth }: Failpoint): string {
  return `${name}:${typeof strike === "string" ? strike : `wait${strike.waitMs}`}@${nth}`;
}

/**
 * Strikes this process at its failpoints, and says on its output which writes there were: `wrote <name>`, `struck
 * <name>`, and `unnamed <write>` for one that the list of points does not have.
 */
export function strikesAt(failpoints: readonly Failpoint[]): OnWrite {
  const met = new Map<string, number>();
  return async (write) => {
    const names = CRASH_POINTS.filter(({ matches }) => matches(write)).map(({ name }) => name);
    if (names.length === 0) say(`unnamed ${describeWrite(write)}`);
    for (const name of names) {
      const times = (met.get(name) ?? 0) + 1;
      met.set(name, times);
      say(`wrote ${name}`);
      for (const failpoint of failpoints)
        if (failpoint.name === name && failpoint.nth === times) await carryOut(failpoint);
    }
  };
}

async function carryOut({ name, strike: how }: Failpoint): Promise<void> {
  say(`struck ${name}`);
  if (how === "term") process.kill(process.pid, "SIGTERM");
  else if (how === "kill") {
    process.kill(process.pid, "SIGKILL");
    // Nothing of this process goes on, however late the signal comes.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  } else if (how === "stop") await standStill();
  else await wait(how.waitMs);
}

/** Stops this process by SIGSTOP, all of it, and resolves once somebody has sent it a SIGCONT. */
export async function standStill(): Promise<void> {
  // Waiting for a signal alone does not keep a process.
  const alive = setInterval(() => {}, LONGEST_MS);
  const continued = once(process, "SIGCONT");
  process.kill(process.pid, "SIGSTOP");
  await continued;
  clearInterval(alive);
}

/** Writes a line on this process's output at once: what is buffered dies with the process. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}
