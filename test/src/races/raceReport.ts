import type { DistributedProof } from "../distributed/distributedSite.ts";

/** What a race of replicas came to. */
export interface RaceReport {
  /** To be `CLEAN`. */
  readonly proof: DistributedProof;
  /** What was wrong beside, each in a sentence. */
  readonly faults: readonly string[];
  /** In a sentence. */
  readonly seen: string;
}
