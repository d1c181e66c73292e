/** What one run of one contender took. Times are milliseconds, sizes bytes. */
export interface Measurement {
  /** From the first step of the work to the last; the start of the process and its imports are left out. */
  readonly wallMs: number;
  /** Part of `wallMs` in which the provider had the work, and the contender only asked whether it was done. */
  readonly waitMs: number;
  /** Processor time of the contender's process during the work: hardly disturbed by what else runs here. */
  readonly cpuMs: number;
  /** The most memory the process ever held, and the most it had held before the work began. */
  readonly peakBytes: number;
  readonly startBytes: number;
  /** Items that succeeded and lie in the results file. */
  readonly items: number;
}

/** What the work itself says about a run. */
export type Worked = Pick<Measurement, "items" | "waitMs">;

/** Does the work and measures this process meanwhile. */
export async function measured(work: () => Promise<Worked>): Promise<Measurement> {
  const startBytes = peakBytes();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const worked = await work();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, startBytes, peakBytes: peakBytes(), ...worked };
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
