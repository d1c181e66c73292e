import { randomBytes } from "node:crypto";
import { folderArtifacts } from "@granary/artifacts";
import type { Catalogue, Fact, Objects, Store } from "@granary/domain";
import type { DriftDeps, EpochGuard, GranaryConfig, Log, StepDeps, Tracer } from "@granary/runtime";
import { driftNotes, epochGuard, systemClock, systemIds } from "@granary/runtime";
import { storeClock } from "./storeClock.ts";

/** What the steps of every service are made from. */
export interface HostDeps extends StepDeps {
  readonly epoch: EpochGuard;
  /** For facts that belong to no document. */
  readonly publish: (facts: readonly Fact[]) => Promise<void>;
  readonly objects?: Objects;
}

/** What a process brings along to its steps. */
export interface Surroundings {
  readonly log: Log;
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly publish: HostDeps["publish"];
  readonly objects?: Objects;
  /** Counts what of a provider's answers nobody here knows. */
  readonly countDrift?: DriftDeps["count"];
  /** Told where time goes. */
  readonly tracer?: Tracer;
}

/**
 * Puts together what the steps need: artifacts, this process's name, the store's instance and its epoch.
 * @throws StoreUnavailable
 */
export async function openDeps(
  config: GranaryConfig,
  { log, store, catalogue, publish, objects, countDrift, tracer }: Surroundings,
): Promise<HostDeps> {
  const artifacts = await folderArtifacts(config.artifacts.folder);
  const { instance } = await store.gate(config.instance ?? systemIds.random(4));
  const clock = await storeClock(store, systemClock);
  return {
    store,
    artifacts,
    clock,
    ids: systemIds,
    log,
    catalogue,
    owner: `${process.pid}-${randomBytes(4).toString("hex")}`,
    instance,
    epoch: epochGuard({ store, artifacts, clock, log, instance, accounts: [...catalogue.accounts.keys()] }),
    drift: driftNotes({ store, clock, log, ...(countDrift ? { count: countDrift } : {}) }),
    publish,
    ...(objects ? { objects } : {}),
    ...(tracer ? { tracer } : {}),
  };
}
