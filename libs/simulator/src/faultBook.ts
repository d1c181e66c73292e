import { type Fault, isJobFault, type JobFault, type Operation, type RequestFault } from "./fault.ts";
import type { Provider } from "./provider.ts";
import type { Scenario } from "./scenario.ts";
import { unitOf } from "./seeded.ts";

/** What a call or a job is about, as far as it is known. */
export interface Subject {
  readonly provider: Provider;
  readonly account: string;
  readonly model: string | null;
  readonly tag: string | null;
}

/** A fault that struck. `seen` counts the occurrences that fitted it, this one included. */
export interface Struck<F extends Fault> {
  readonly index: number;
  readonly fault: F;
  readonly seen: number;
}

/** Counts what happens, and says which faults of the scenario strike. */
export interface FaultBook {
  /** The fault that strikes this call, if any. The first in the scenario goes first; all that fit have seen it. */
  strikeCall(operation: Operation, subject: Subject): Struck<RequestFault> | null;
  /** All faults that a new job carries. */
  strikeJob(subject: Subject): Struck<JobFault>[];
  /** Takes up what an earlier process saw of a fault. */
  remember(index: number, seen: number): void;
}

/** A book for one scenario, with nothing seen yet. */
export function faultBook({ seed, faults }: Scenario): FaultBook {
  const seen = faults.map(() => 0);
  const fired = faults.map(() => 0);

  function strikes(fault: Fault, index: number, subject: Subject): boolean {
    if (fault.provider !== undefined && fault.provider !== subject.provider) return false;
    if (fault.model !== undefined && fault.model !== subject.model) return false;
    if (fault.tag !== undefined && !subject.tag?.includes(fault.tag)) return false;
    if (fault.account !== undefined && fault.account !== subject.account) return false;
    const occurrence = (seen[index] = (seen[index] ?? 0) + 1);
    if (occurrence < (fault.nth ?? 1)) return false;
    const times = fault.times ?? (fault.nth === undefined ? Infinity : 1);
    if ((fired[index] ?? 0) >= times) return false;
    if (fault.rate !== undefined && unitOf(`${seed}:fault:${index}:${occurrence}`) >= fault.rate)
      return false;
    return true;
  }
  const fire = (index: number) => {
    fired[index] = (fired[index] ?? 0) + 1;
  };
  return {
    strikeCall(operation, subject) {
      let struck: Struck<RequestFault> | null = null;
      for (const [index, fault] of faults.entries()) {
        if (isJobFault(fault) || fault.on !== operation || !strikes(fault, index, subject) || struck)
          continue;
        fire(index);
        struck = { index, fault, seen: seen[index] ?? 0 };
      }
      return struck;
    },
    strikeJob(subject) {
      const struck: Struck<JobFault>[] = [];
      for (const [index, fault] of faults.entries()) {
        if (!isJobFault(fault) || !strikes(fault, index, subject)) continue;
        fire(index);
        struck.push({ index, fault, seen: seen[index] ?? 0 });
      }
      return struck;
    },
    remember(index, before) {
      if (index >= faults.length) return;
      seen[index] = Math.max(seen[index] ?? 0, before);
      fire(index);
    },
  };
}
