import type { Fault } from "@granary/domain";

/** Faults with all their details up to this many; of the others the places alone. */
const DETAILED = 1_000;

/** Collects every fault of an input in bounded memory. */
export interface FaultList {
  add(fault: Fault): void;
  addAll(faults: readonly Fault[]): void;
  empty(): boolean;
  all(): readonly Fault[];
}

/** A list that keeps the first thousand faults whole, and of the rest which places they are at. */
export function faultList(): FaultList {
  const detailed: Fault[] = [];
  const places: string[] = [];
  const add = (fault: Fault): void => {
    if (detailed.length < DETAILED) detailed.push(fault);
    else if (places.at(-1) !== fault.path) places.push(fault.path);
  };
  return {
    add,
    addAll: (faults) => faults.forEach(add),
    empty: () => detailed.length === 0,
    all: () =>
      places.length === 0
        ? detailed
        : [...detailed, { path: "items", message: `more faults at ${places.join(", ")}` }],
  };
}
