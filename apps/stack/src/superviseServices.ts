import { systemClock } from "@granary/runtime";
import type { ServiceProcess } from "./serviceProcess.ts";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** A process that lived this long has started well: the next wait is short again. */
const WELL_MS = 30_000;

/** Starts services again when they end, as an orchestrator does, until `stop`. */
export async function superviseServices(
  services: readonly ServiceProcess[],
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) =>
    stop.addEventListener("abort", () => resolve(), { once: true }),
  );
  await Promise.all(
    services.map(async (service) => {
      let waitMs = FIRST_WAIT_MS;
      for (;;) {
        const startedAt = performance.now();
        const exit = await Promise.race([service.exited(), stopped]);
        if (!exit || stop.aborted) return;
        if (performance.now() - startedAt > WELL_MS) waitMs = FIRST_WAIT_MS;
        say(
          `${service.name} ended (${exit.signal ?? exit.code}): started again in ${waitMs / 1000} s; see ${service.logPath}`,
        );
        await systemClock.sleep(waitMs, stop);
        if (stop.aborted) return;
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
        service.start();
        say(`${service.name} is process ${service.pid} now`);
      }
    }),
  );
}
