import type { CrashProvider } from "../crash/crashPoint.ts";
import type { Situation } from "../crash/situations.ts";
import type { FrozenStage } from "./frozenStage.ts";

/** A replica that stands still at a bad moment, and goes on when others have done its work. */
export interface FrozenScene {
  readonly name: string;
  readonly provider: CrashProvider;
  readonly situation: Situation;
  /** Jobs of the provider beyond the one that each tag may have. */
  readonly secondJobs: number;
  /**
   * Starts the replicas, lets them stand and go on as things are seen, and answers what was seen in a sentence. What
   * comes after is nobody's doing but theirs. @throws Error where something else is seen
   */
  readonly play: (stage: FrozenStage) => Promise<string>;
}

/** Fails the scene unless it is so. */
export function demand(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`it is not so that ${what}`);
}
