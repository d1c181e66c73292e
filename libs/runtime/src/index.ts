export { change } from "./change.ts";
export type { ChangeOptions, Wanted } from "./change.ts";
export { doorbell } from "./doorbell.ts";
export type { Doorbell } from "./doorbell.ts";
export { claim, runStep } from "./dueLoop.ts";
export type { AnyWorker, Log, LoopDeps, Step, StepContext, Worker } from "./dueLoop.ts";
export { currentLogFields, logFieldsOf, withLogFields } from "./logFields.ts";
export type { LogFields } from "./logFields.ts";
export type { LoopObserver, StepOutcome } from "./loopObserver.ts";
export { epochGuard } from "./epochGuard.ts";
export type { EpochGuard } from "./epochGuard.ts";
export { relayOnce, runRelay } from "./relay.ts";
export { run } from "./run.ts";
export type { RunOptions } from "./run.ts";
export { runWorkers } from "./runWorkers.ts";
export type { WorkersDeps } from "./runWorkers.ts";
export { driftNotes } from "./schemaDrift.ts";
export type { DriftDeps, DriftNotes } from "./schemaDrift.ts";
export { accountOf } from "./stepDeps.ts";
export type { StepDeps } from "./stepDeps.ts";
export { liveCatalogue } from "./liveCatalogue.ts";
export type { LiveCatalogue } from "./liveCatalogue.ts";
export { configSource } from "./config/configSource.ts";
export type { ConfigSource } from "./config/configSource.ts";
export { ENVIRONMENT } from "./config/environmentTable.ts";
export type { EnvironmentVariable, Reader } from "./config/environmentTable.ts";
export { redacted, withSimulator } from "./config/granaryConfig.ts";
export type {
  AccountConfig,
  EmbeddedConfig,
  GranaryConfig,
  LogLevel,
  NatsConfig,
  SqlitePlace,
  StoreConfig,
  TracingConfig,
} from "./config/granaryConfig.ts";
export { readConfig } from "./config/readConfig.ts";
export type { ReadConfigOptions } from "./config/readConfig.ts";
export { restartFaults } from "./config/restartFaults.ts";
export { secretOf } from "./config/secret.ts";
export type { Secret } from "./config/secret.ts";
export { secretsOf } from "./config/secretsOf.ts";
export { watchConfig } from "./config/watchConfig.ts";
export type { WatchConfigOptions } from "./config/watchConfig.ts";
export { holdLock, LockHeld } from "./lockFile.ts";
export type { HeldLock } from "./lockFile.ts";
export { openLogger } from "./logger.ts";
export { loopMetrics } from "./metrics/loopMetrics.ts";
export { noteDeadLetter, noteNats, observedBus, observedHandler } from "./metrics/observedBus.ts";
export { observedProvider } from "./metrics/observedProvider.ts";
export { observedStore } from "./metrics/observedStore.ts";
export { openMetrics } from "./metrics/openMetrics.ts";
export type { Metrics, MetricsOptions } from "./metrics/openMetrics.ts";
export { cachedCheck } from "./probes/cachedCheck.ts";
export type { CachedCheckOptions } from "./probes/cachedCheck.ts";
export type { Check, CheckReport, CheckResult } from "./probes/check.ts";
export { accountChecks, loopsCheck, natsAliveCheck, natsReadyCheck, storeCheck } from "./probes/checks.ts";
export type { NatsState } from "./probes/checks.ts";
export { heartbeats } from "./probes/heartbeats.ts";
export type { Heartbeats } from "./probes/heartbeats.ts";
export { serveProbes } from "./probes/serveProbes.ts";
export type { Probes, ServeProbesOptions } from "./probes/serveProbes.ts";
export { openTracer } from "./tracing/openTracer.ts";
export type { OpenedTracer, OpenTracerOptions } from "./tracing/openTracer.ts";
export { requestAttributes, taskAttributes } from "./tracing/spanAttributes.ts";
export { taskTrace, TRACES_KEPT } from "./tracing/taskTrace.ts";
export { tracedBus } from "./tracing/tracedBus.ts";
export { tracedProvider } from "./tracing/tracedProvider.ts";
export { noTracer, tracerOf } from "./tracing/tracer.ts";
export type { ActiveSpan, PastSpan, SpanAbout, SpanAttributes, Tracer } from "./tracing/tracer.ts";
export { systemClock } from "./systemClock.ts";
export { systemIds } from "./systemIds.ts";
