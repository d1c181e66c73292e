import type { StepDeps } from "@granary/runtime";
import type { Fact, Objects } from "@granary/domain";

/** What the submitter's steps and handlers need. */
export interface SubmitterDeps extends StepDeps {
  /** For facts that belong to no document: rejections. */
  readonly publish: (facts: readonly Fact[]) => Promise<void>;
  /** Where large inputs may lie beside the artifacts; absent where the bus has no object store. */
  readonly objects?: Objects;
}

/** Inputs up to this size live in the request document itself. */
export const INLINE_INPUT_BYTES = 64 * 1024;
