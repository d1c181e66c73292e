import { random } from "../simulation/random.ts";
import { callCases } from "./callCases.ts";
import type { FaultCase, FaultCell } from "./faultCase.ts";
import { jobCases, lineCases } from "./jobCases.ts";
import { namedCases } from "./namedCases.ts";

/** Pairs that run in CI beside every fault alone. */
export const PAIRS_OF_A_DAY = 24;

/** Every fault there is a case for. */
export const FAULT_CASES: readonly FaultCase[] = [
  ...callCases(),
  ...jobCases(),
  ...lineCases(),
  ...namedCases(),
];

/** The case of a name. @throws Error that names those that are like it */
export function caseOf(name: string): FaultCase {
  const found = FAULT_CASES.find((each) => each.name === name);
  if (found) return found;
  const like = FAULT_CASES.filter((each) => each.name.includes(name)).map((each) => each.name);
  throw new Error(`there is no fault ${name}; ${like.length > 0 ? like.join(", ") : "see --list"}`);
}

/** Every fault alone, at each provider where it means something. */
export function singles(): readonly FaultCell[] {
  return FAULT_CASES.flatMap((one) =>
    one.providers.map((provider): FaultCell => ({ cases: [one], provider })),
  );
}

/** Every two faults at once, at each provider where both mean something. */
export function pairs(): readonly FaultCell[] {
  return FAULT_CASES.flatMap((one, index) =>
    FAULT_CASES.slice(index + 1).flatMap((other) =>
      one.providers
        .filter((provider) => other.providers.includes(provider))
        .map((provider): FaultCell => ({ cases: [one, other], provider })),
    ),
  );
}

/**
 * What runs in CI: every fault alone once, at a provider that is another one with the next seed, and so many pairs that
 * the seed draws.
 */
export function rotatingCells(seed: number, pairCount: number): readonly FaultCell[] {
  const alone = FAULT_CASES.map((one, index): FaultCell => {
    const provider = one.providers[(index + seed) % one.providers.length];
    if (!provider) throw new Error(`${one.name} means nothing anywhere`);
    return { cases: [one], provider };
  });
  return [...alone, ...drawn(pairs(), seed, pairCount)];
}

/** So many cells, drawn by a seed, none twice. */
export function drawn(cells: readonly FaultCell[], seed: number, count: number): readonly FaultCell[] {
  const chance = random(seed);
  const left = [...cells];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = chance.below(left.length);
    const [cell] = left.splice(at, 1, left.at(-1)!);
    left.pop();
    return cell!;
  });
}
