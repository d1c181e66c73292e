import type { Log } from "./dueLoop.ts";

export interface RunOptions {
  readonly log: Pick<Log, "info" | "error">;
  /** From the first signal to a hard end, in milliseconds. */
  readonly graceMs: number;
}

/**
 * Runs a program until it ends or the process is told to stop.
 *
 * The first SIGTERM or SIGINT aborts `stop`; the body is to finish what it has in hand and return. A second signal
 * exits at once, and so does the end of `graceMs`, also where the body has returned and something it left open keeps
 * the process alive: both with 1. Answers true where the body ended well; being stopped is no failure.
 */
export async function run(
  { log, graceMs }: RunOptions,
  body: (stop: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const stopping = new AbortController();
  const onSignal = (name: string): void => {
    if (stopping.signal.aborted) {
      log.error({ signal: name }, "ended at once, with work in hand");
      process.exit(1);
    }
    log.info({ signal: name, graceMs }, "stopping");
    stopping.abort();
    setTimeout(() => {
      log.error({ graceMs }, "grace is over");
      process.exit(1);
    }, graceMs).unref();
  };
  for (const name of ["SIGTERM", "SIGINT"]) process.on(name, onSignal);
  try {
    await body(stopping.signal);
    return true;
  } catch (error) {
    if (stopping.signal.aborted && error === stopping.signal.reason) return true;
    log.error({ err: error }, "failed");
    process.exitCode = 1;
    return false;
  } finally {
    for (const name of ["SIGTERM", "SIGINT"]) process.off(name, onSignal);
  }
}
