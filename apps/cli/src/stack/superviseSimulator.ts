import type { Log } from "@granary/runtime";
import { systemClock } from "@granary/runtime";
import type { SimulatorChild } from "./startSimulator.ts";
import { startSimulator } from "./startSimulator.ts";

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** A simulator that is started again, with its folder and on its port, whenever its process dies. */
export interface SupervisedSimulator extends AsyncDisposable {
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
}

/**
 * Starts a simulator and keeps it up: killing the process that holds it is not the provider forgetting.
 * @throws Error with what the child said, where it does not come up the first time
 */
export async function superviseSimulator(
  options: Parameters<typeof startSimulator>[0],
  log: Pick<Log, "warn">,
): Promise<SupervisedSimulator> {
  const stopping = new AbortController();
  let child = await startSimulator(options);
  const { url } = child;
  const port = Number(new URL(url).port);

  async function startAgain(): Promise<SimulatorChild | null> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      await systemClock.sleep(waitMs, stopping.signal);
      if (stopping.signal.aborted) return null;
      try {
        // The scenario it began with lies in its folder.
        return await startSimulator({ folder: options.folder, port });
      } catch (error) {
        log.warn({ err: error, port }, "simulator not up again");
      }
    }
  }

  async function supervise(): Promise<void> {
    for (;;) {
      await child.ended;
      if (stopping.signal.aborted) return;
      log.warn({ pid: child.pid, port }, "simulator died, starting it again");
      const next = await startAgain();
      if (!next) return;
      child = next;
      log.warn({ pid: child.pid, port }, "simulator is up again");
      if (stopping.signal.aborted) await child[Symbol.asyncDispose]();
    }
  }

  const supervising = supervise();
  return {
    url,
    get pid() {
      return child.pid;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await child[Symbol.asyncDispose]();
      await supervising;
    },
  };
}
