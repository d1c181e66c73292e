import type { Log } from "./dueLoop.ts";

/**
 * Runs a program until it ends or the process is told to stop.
 *
 * The first SIGTERM or SIGINT aborts `stop`; the body is to finish what it has in hand and return. A second signal,
 * or `graceMs` without an end, exits at once. Answers true where the body ended well.
 */
export async function run(
  { log, graceMs }: { readonly log: Pick<Log, "info" | "error">; readonly graceMs: number },
  body: (stop: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const stopping = new AbortController();
  const onSignal = (name: string): void => {
    if (stopping.signal.aborted) process.exit(1);
    log.info({ signal: name }, "stopping");
    stopping.abort();
    setTimeout(() => process.exit(1), graceMs).unref();
  };
  for (const name of ["SIGTERM", "SIGINT"]) process.on(name, onSignal);
  try {
    await body(stopping.signal);
    return true;
  } catch (error) {
    log.error({ err: error }, "failed");
    process.exitCode = 1;
    return false;
  } finally {
    for (const name of ["SIGTERM", "SIGINT"]) process.off(name, onSignal);
  }
}
