import type { Account, Artifacts, Catalogue, Clock, Ids, Store } from "@granary/domain";
import type { Log } from "./dueLoop.ts";
import type { EpochGuard } from "./epochGuard.ts";
import type { DriftNotes } from "./schemaDrift.ts";
import type { Tracer } from "./tracing/tracer.ts";

/** What every step may use. Each service adds what only it needs. */
export interface StepDeps {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly catalogue: Catalogue;
  /** Owner's name in leases. */
  readonly owner: string;
  /** Four characters that every tag of this store carries. */
  readonly instance: string;
  /** Stands guard against a restored store; absent where nothing is restored under running processes. */
  readonly epoch?: EpochGuard;
  /** Hears of fields, statuses and lines that nobody here knows; absent where nobody listens. */
  readonly drift?: DriftNotes;
  /** Told where time goes; absent where nobody looks at traces. */
  readonly tracer?: Tracer;
}

/** The account, which the caller's claim has made sure is there. */
export function accountOf({ catalogue }: Pick<StepDeps, "catalogue">, id: string): Account {
  const account = catalogue.accounts.get(id);
  if (!account) throw new Error(`account ${id} is not configured here`);
  return account;
}
