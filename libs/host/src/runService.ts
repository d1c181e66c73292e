import { dirname, resolve } from "node:path";
import type { Bus, Role, Store } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import type { JetStreamBus, Nats } from "@granary/messaging";
import { connectNats, deadReason, jetStreamBus, natsObjects } from "@granary/messaging";
import type {
  AnyWorker,
  ConfigSource,
  GranaryConfig,
  Heartbeats,
  Log,
  Metrics,
  NatsState,
} from "@granary/runtime";
import {
  accountChecks,
  heartbeats,
  liveCatalogue,
  loopMetrics,
  loopsCheck,
  natsAliveCheck,
  natsReadyCheck,
  noteDeadLetter,
  noteNats,
  observedBus,
  observedProvider,
  observedStore,
  openLogger,
  openMetrics,
  openTracer,
  run,
  secretsOf,
  serveProbes,
  storeCheck,
  systemClock,
  tracedProvider,
  watchConfig,
} from "@granary/runtime";
import { demandReady } from "@granary/store";
import { catalogueOf } from "./catalogueOf.ts";
import { natsOptions } from "./natsOptions.ts";
import type { HostDeps } from "./openDeps.ts";
import { openDeps } from "./openDeps.ts";
import type { OpenedStore } from "./openStore.ts";
import { openStore } from "./openStore.ts";
import { runLoops } from "./runLoops.ts";
import { untilThere } from "./untilThere.ts";

/** What a service makes of the parts it is handed. */
export interface ServiceParts {
  readonly workers: readonly AnyWorker[];
  /** Makes the documents that drive the workers. Repeatable. */
  readonly ensure?: () => Promise<void>;
  /** Takes batches of commands; only the submitter does. */
  readonly handle?: Parameters<Bus["commands"]>[0];
}

/** A service as a process. */
export interface ServiceOptions {
  readonly service: Role;
  readonly source: ConfigSource;
  /** Longest wait between two looks at the store, in milliseconds. */
  readonly idleMs: number;
  readonly build: (deps: HostDeps) => ServiceParts;
  /** Stands between everything here and its ports, to see what goes through them; nothing where it is left out. */
  readonly between?: Between;
}

/** Store and bus, as everything in the process is to have them. */
export interface Between {
  readonly store: (store: Store) => Store;
  readonly bus: (bus: JetStreamBus) => JetStreamBus;
}

/** A loop that has not given a sign of life for so long is stuck: the process is to be started anew. */
const STALE_LOOP_MS = 120_000;
/** Longest time the last spans have at the end; never more than a quarter of the grace. */
const LAST_SPANS_MS = 2_000;
const VERSION = "0.0.0";

/**
 * Runs a service until SIGTERM: probes and metrics first, then broker and store, however long they take to be there,
 * then its loops. What cannot heal by itself ends it: a store that was not migrated, streams with other settings, a
 * connection that is closed for good. Answers true where it ended well.
 * @throws Faulty where the configuration has faults
 */
export async function runService(options: ServiceOptions): Promise<boolean> {
  const { service, source } = options;
  let config = source.read();
  const log = openLogger({
    level: config.logLevel,
    // Looked at anew for each line: a key that was exchanged is a secret, too.
    secrets: () => secretsOf(config),
    base: { service, pid: process.pid },
  });
  const { graceMs } = config;
  return run({ log, graceMs }, async (stop) =>
    serve(options, { log, config, stop, onConfig: (next) => void (config = next) }),
  );
}

/** What one run has beside its options. */
interface Running {
  readonly log: Log;
  readonly config: GranaryConfig;
  readonly stop: AbortSignal;
  /** Hears of a configuration that has taken force. */
  readonly onConfig: (next: GranaryConfig) => void;
}

async function serve(
  { service, source, idleMs, build, between }: ServiceOptions,
  { log, config, stop, onConfig }: Running,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const clock = systemClock;
  const metrics = openMetrics({
    service,
    version: VERSION,
    commit: config.commit,
    accounts: config.accounts.map(({ settings }) => settings),
  });
  noteNats(metrics, "away");
  const tracer = opened.use(
    await openTracer(config.tracing, {
      service: `granary-${service}`,
      version: VERSION,
      log,
      flushMs: Math.min(LAST_SPANS_MS, config.graceMs / 4),
    }),
  );
  const observed = (next: GranaryConfig) =>
    catalogueOf(next, (provider, settings) =>
      observedProvider(
        config.tracing ? tracedProvider(provider, settings, tracer) : provider,
        settings,
        metrics.provider,
        clock,
      ),
    );
  const live = liveCatalogue(observed(config));
  let place: OpenedStore | null = null;
  let natsState: NatsState = "away";
  let beats: Heartbeats | null = null;
  const probes = opened.use(
    await serveProbes({
      ...config.http,
      service,
      alive: [
        natsAliveCheck(() => natsState),
        loopsCheck(
          late(() => beats),
          STALE_LOOP_MS,
        ),
      ],
      ready: [
        { name: "started", look: () => (beats ? { ok: true } : { ok: false, reason: "starting" }) },
        storeCheck({ load: async (kind, id) => there(place).store.load(kind, id) }),
        natsReadyCheck(() => natsState),
        ...accountChecks(live.catalogue, clock),
      ],
      metrics,
      stop,
      log,
    }),
  );
  log.info(
    {
      http: probes.url,
      accounts: config.accounts.map(({ settings: { id, mode } }) => ({ id, mode })),
      refusals: config.refusals,
    },
    "starting",
  );

  const ends = new AbortController();
  const over = AbortSignal.any([stop, ends.signal]);
  const waiting = { clock, log, stop: over };
  const address = config.nats;
  if (!address) throw new Error("a service has no NATS");
  const nats = opened.use(
    await untilThere(
      async () =>
        connectNats({
          ...natsOptions(address),
          name: `granary-${service}`,
          clock,
          log,
          stop: over,
          onStatus(status) {
            natsState = status === "closed" ? "closed" : status === "disconnected" ? "away" : "connected";
            if (status !== "closed") noteNats(metrics, status === "disconnected" ? "away" : status);
          },
        }),
      { ...waiting, what: "NATS" },
    ),
  );
  void nats.closed.then((error) => error && ends.abort(error));
  place = opened.use(
    await untilThere(async () => openStore(config.store, log), { ...waiting, what: "the store" }),
  );
  metrics.watchStore(place.store, clock, live.catalogue);
  metrics.watchDisks({
    artifacts: config.artifacts.folder,
    ...(config.store.kind === "sqlite" ? { store: dirname(resolve(config.store.sqlite)) } : {}),
  });
  const observedPlace = observedStore(place.store, metrics, clock);
  const store = between?.store(observedPlace) ?? observedPlace;
  const ownBus = busOf({ nats, service, replicas: address.replicas, store, metrics, log });
  const bus = between?.bus(ownBus) ?? ownBus;
  await untilThere(async () => bus.ensure(), { ...waiting, what: "the streams" });
  const { deps, parts } = await untilThere(
    async () => {
      // A file of our own is brought up to date at once; a database is migrated by whoever deploys a new version.
      if (config.store.kind === "sqlite") await store.ensure();
      else await demandReady(store);
      const made = await openDeps(config, {
        log,
        store,
        catalogue: live.catalogue,
        publish: async (facts) => bus.publish(facts),
        objects: natsObjects(nats),
        countDrift: (labels, times) => metrics.provider.drift.inc(labels, times),
        ...(config.tracing ? { tracer } : {}),
      });
      await made.epoch.check();
      const built = build(made);
      await built.ensure?.();
      return { deps: made, parts: built };
    },
    { ...waiting, what: "the store" },
  );
  beats = heartbeats([...parts.workers.map(({ name }) => name), "relay"], clock, over);
  log.info({ owner: deps.owner, instance: deps.instance, store: place.name, nats: nats.version() }, "up");
  const watching = watchConfig(source, {
    config,
    clock,
    signal: over,
    onChange(next) {
      onConfig(next);
      live.exchange(observed(next));
      log.info({}, "configuration files changed: what they say now is in force");
    },
    onFault: (faults) =>
      log.error({ faults }, "configuration files changed and cannot be used: the old ones stay"),
  });
  await runLoops(
    deps,
    bus,
    place.watch,
    { ...parts, idleMs, metrics: loopMetrics(metrics), beat: beats.beat },
    over,
  );
  await watching;
  if (ends.signal.aborted) throw ends.signal.reason;
  log.info({}, "stopped");
}

/** The bus of a service: what cannot be read is kept in the store before it is acknowledged. */
function busOf({
  nats,
  service,
  replicas,
  store,
  metrics,
  log,
}: {
  readonly nats: Nats;
  readonly service: Role;
  readonly replicas: number | null;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly log: Log;
}) {
  const clock = systemClock;
  return observedBus(
    jetStreamBus({
      nats,
      service,
      clock,
      log,
      ...(replicas === null ? {} : { streams: { replicas } }),
      // One service alone has to have the permission to change a stream.
      updateReplicas: replicas !== null && service === "submitter",
      async dead(letters) {
        await store.putDead(letters);
        for (const letter of letters) {
          noteDeadLetter(metrics, deadReason(letter) ?? "other");
          log.error({ letter: letter.id, subject: letter.subject, reason: letter.reason }, "dead letter");
        }
      },
      available: async () =>
        store.now().then(
          () => true,
          () => false,
        ),
    }),
    metrics,
    clock,
  );
}

/** The store, once it was opened. @throws StoreUnavailable before */
function there(place: OpenedStore | null): OpenedStore {
  if (!place) throw new StoreUnavailable("the store was not there yet");
  return place;
}

/** Heartbeats that may not be there yet: a process that waits for its servers is alive. */
function late(current: () => Heartbeats | null): Heartbeats {
  return {
    beat: (loop) => current()?.beat(loop),
    late: (olderThanMs) => current()?.late(olderThanMs) ?? [],
  };
}
