import { randomBytes } from "node:crypto";
import { folderArtifacts } from "@granary/artifacts";
import type { Artifacts, Catalogue } from "@granary/domain";
import { memoryBus, openJournal } from "@granary/messaging";
import type { MemoryBus } from "@granary/messaging";
import { epochGuard, systemClock, systemIds } from "@granary/runtime";
import type { GranaryConfig, Log } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { submitter } from "@granary/submitter";
import type { Submitter, SubmitterDeps } from "@granary/submitter";
import { catalogueOf } from "./catalogueOf.ts";

/** Everything a command needs: the store, the artifacts, and the handlers of commands. No loop runs in it. */
export interface Workspace extends AsyncDisposable {
  readonly config: GranaryConfig;
  readonly store: SqliteStore;
  readonly artifacts: Artifacts;
  readonly bus: MemoryBus;
  readonly catalogue: Catalogue;
  readonly deps: SubmitterDeps;
  readonly submitter: Submitter;
}

/**
 * Opens what the configuration names, making what is missing. Several processes may have one workspace open.
 * @throws StoreTooNew, StoreUnavailable
 */
export async function openWorkspace(config: GranaryConfig, log: Log): Promise<Workspace> {
  await using opened = new AsyncDisposableStack();
  const store = sqliteStore({ path: config.store.sqlite, clock: systemClock, ids: systemIds });
  opened.defer(async () => store.close());
  await store.ensure();
  const artifacts = await folderArtifacts(config.artifacts.folder);
  const journal = opened.use(await openJournal(config.journal));
  const bus = memoryBus({ clock: systemClock, journal });
  const { instance } = await store.gate(config.instance ?? randomInstance());
  const catalogue = catalogueOf(config);
  const deps: SubmitterDeps = {
    store,
    artifacts,
    clock: systemClock,
    ids: systemIds,
    log,
    catalogue,
    owner: `${process.pid}-${randomBytes(4).toString("hex")}`,
    instance,
    epoch: epochGuard({
      store,
      artifacts,
      clock: systemClock,
      log,
      instance,
      accounts: [...catalogue.accounts.keys()],
    }),
    publish: async (facts) => bus.publish(facts),
  };
  const closing = opened.move();
  return {
    config,
    store,
    artifacts,
    bus,
    catalogue,
    deps,
    submitter: submitter(deps),
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}

function randomInstance(): string {
  return systemIds.random(4);
}
