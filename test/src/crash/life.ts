import { join } from "node:path";
import type { Role } from "@granary/domain";
import type { Rig, Started } from "../e2e/rig.ts";
import { ROOT } from "../e2e/rig.ts";
import { FAILPOINT } from "./failpoint.ts";

const HERE = join(ROOT, "test/src/crash");
/** Stripped and compiled once for all lives. */
const COMPILE_CACHE = join(ROOT, "node_modules/.cache/granary-crash");

/** One of the processes that die and live again. */
export interface Mortal {
  /** The role of a service; null for the process that has all. */
  readonly role: Role | null;
  /** The process that lives now, or lived last. */
  readonly now: Started;
  /** Failpoints of the lives to come, in order. */
  readonly ahead: readonly string[];
  /** What all its lives have written to their outputs. */
  readonly said: () => string;
  readonly complaints: () => string;
  readonly isAlive: () => boolean;
  /** Starts it again, with the next failpoint, or with none. */
  readonly revive: () => void;
}

/** Starts a process of the matrix with its first failpoint. */
export function startMortal(
  rig: Rig,
  {
    role,
    args,
    env,
    failpoints,
  }: {
    readonly role: Role | null;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly failpoints: readonly string[];
  },
): Mortal {
  const ahead = [...failpoints];
  const lives: Started[] = [];
  let alive = false;

  function revive(): void {
    const failpoint = ahead.shift() ?? "";
    const life = rig.node([join(HERE, role === null ? "embeddedMain.ts" : "serviceMain.ts"), ...args], {
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, [FAILPOINT]: failpoint },
    });
    lives.push(life);
    alive = true;
    void life.exited.then(() => (alive = false));
  }
  revive();
  return {
    role,
    get now() {
      return lives.at(-1)!;
    },
    ahead,
    said: () => lives.map((life) => life.stdout()).join(""),
    complaints: () => lives.map((life) => life.stderr()).join(""),
    isAlive: () => alive,
    revive,
  };
}
