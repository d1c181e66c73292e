import type { StepDeps } from "@granary/runtime";

/** What the harvester's steps need. */
export type HarvesterDeps = StepDeps;

/** Rows written to the store at once. */
export const BULK = 500;
/** Results up to this size live in the request document and in its fact. */
export const INLINE_RESULT_BYTES = 64 * 1024;
