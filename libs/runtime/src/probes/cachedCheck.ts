import type { Clock } from "@granary/domain";
import type { Check, CheckResult } from "./check.ts";

export interface CachedCheckOptions {
  readonly clock: Clock;
  /** How long a good result stands. */
  readonly everyMs: number;
  /** How long a bad one does. */
  readonly againMs: number;
  /** Longest look: then it counts as a bad one. */
  readonly limitMs: number;
}

/** How long whoever asks first waits for a look that is under way. */
const WAIT_MS = 1_000;

/**
 * A check whose look is too dear for every probe: it is looked at only once its last result is old, one look at a
 * time, and the last result stands meanwhile.
 */
export function cachedCheck(check: Check, { clock, everyMs, againMs, limitMs }: CachedCheckOptions): Check {
  let last: { readonly result: CheckResult; readonly at: number } | null = null;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    let result: CheckResult;
    const over = new AbortController();
    try {
      const late = clock.sleep(limitMs, over.signal).then((): CheckResult => {
        return { ok: false, reason: `no answer within ${limitMs} ms` };
      });
      result = await Promise.race([check.look(over.signal), late]);
    } catch (error) {
      result = { ok: false, reason: error instanceof Error ? error.name : "failed" };
    } finally {
      over.abort();
    }
    last = { result, at: clock.monotonic() };
    looking = null;
  }

  return {
    name: check.name,
    async look() {
      const stands = last !== null && clock.monotonic() - last.at < (last.result.ok ? everyMs : againMs);
      if (stands && last) return last.result;
      looking ??= look();
      if (last === null) {
        const over = new AbortController();
        await Promise.race([looking, clock.sleep(WAIT_MS, over.signal)]);
        over.abort();
      }
      // Set by the look meanwhile, which the compiler cannot see.
      const known = last as { readonly result: CheckResult } | null;
      return known?.result ?? { ok: false, reason: "not looked at yet" };
    },
  };
}
