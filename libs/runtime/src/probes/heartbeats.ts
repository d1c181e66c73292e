import type { Clock } from "@granary/domain";

/** When each loop last gave a sign of life. */
export interface Heartbeats {
  /** To be handed to the loops. */
  readonly beat: (loop: string) => void;
  /** Loops whose last sign is older. None once the loops were told to stop: they are to end. */
  readonly late: (olderThanMs: number) => readonly string[];
}

/**
 * Keeps the signs of life of these loops; one that never gives any is late, too. It has no timer of its own: who asks
 * compares.
 */
export function heartbeats(
  loops: readonly string[],
  clock: Pick<Clock, "monotonic">,
  stop: AbortSignal,
): Heartbeats {
  const lastAt = new Map(loops.map((loop) => [loop, clock.monotonic()]));
  return {
    beat: (loop) => void lastAt.set(loop, clock.monotonic()),
    late: (olderThanMs) =>
      stop.aborted
        ? []
        : [...lastAt].filter(([, at]) => clock.monotonic() - at > olderThanMs).map(([loop]) => loop),
  };
}
