import type { Artifacts } from "@granary/domain";
import { catalogueOf, openDeps } from "@granary/host";
import { memoryBus, openJournal, readJournal } from "@granary/messaging";
import type { MemoryBus } from "@granary/messaging";
import { openTracer, systemClock, systemIds, tracedProvider } from "@granary/runtime";
import type { EmbeddedConfig, Log } from "@granary/runtime";
import { sqliteStore, watchChanges } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { submitter } from "@granary/submitter";
import type { Submitter } from "@granary/submitter";
import { EXIT, Failure } from "../failure.ts";
import { version } from "../version.ts";
import { runningUp } from "./upState.ts";
import type { PutInput, Workspace } from "./workspace.ts";

/** A workspace with everything in this process: it has the submitter itself. */
export interface EmbeddedWorkspace extends Workspace {
  readonly config: EmbeddedConfig;
  readonly store: SqliteStore;
  readonly bus: MemoryBus;
  readonly submitter: Submitter;
}

/** Longest time the last spans have at the end. */
const LAST_SPANS_MS = 2_000;

/**
 * Opens what the configuration names, making what is missing. Several processes may have one workspace open.
 * @throws StoreTooNew, StoreUnavailable
 */
export async function openWorkspace(config: EmbeddedConfig, log: Log): Promise<EmbeddedWorkspace> {
  await using opened = new AsyncDisposableStack();
  const store = sqliteStore({ path: config.store.sqlite, clock: systemClock, ids: systemIds });
  opened.defer(async () => store.close());
  await store.ensure();
  const journal = opened.use(await openJournal(config.journal));
  const bus = memoryBus({ clock: systemClock, journal });
  const tracer = opened.use(
    await openTracer(config.tracing, {
      service: "granary",
      version: version().version,
      log,
      flushMs: LAST_SPANS_MS,
    }),
  );
  const traces = config.tracing ? { tracer } : {};
  const catalogue = catalogueOf(config, (provider, settings) =>
    config.tracing ? tracedProvider(provider, settings, tracer) : provider,
  );
  const deps = await openDeps(config, {
    log,
    store,
    catalogue,
    publish: async (facts) => bus.publish(facts),
    ...traces,
  });
  const submitting = submitter(deps);
  const closing = opened.move();
  return {
    config,
    store,
    artifacts: deps.artifacts,
    bus,
    catalogue,
    deps,
    submitter: submitting,
    send: submitting.handle,
    putInput: async (bytes) => putArtifact(deps.artifacts, bytes),
    redrive: async () => {
      throw new Failure(EXIT.wrongInput, "dead letters came by NATS: set NATS_URL to send them again");
    },
    facts: () => readJournal(config.journal),
    watch: async (changed, stop) => watchChanges(store, changed, { clock: systemClock, signal: stop }),
    async atWork() {
      const state = await runningUp(config.store);
      return state ? { kind: "up", state } : { kind: "nobody" };
    },
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}

/** The request keeps a copy of its items, so that the upload may go once it is accepted. */
async function putArtifact(artifacts: Artifacts, bytes: AsyncIterable<Uint8Array>): Promise<PutInput> {
  // Two commands may submit the same items at the same time, and each removes its own upload.
  const { path, sha256 } = await artifacts.put(`uploads/${systemIds.nonce()}.jsonl`, bytes);
  return {
    ref: { path, sha256 },
    [Symbol.asyncDispose]: async () => void (await artifacts.remove(path)),
  };
}
