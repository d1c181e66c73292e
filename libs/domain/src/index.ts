export type { Artifacts, Objects } from "./artifacts.ts";
export { isTerminal } from "./batchProvider.ts";
export type {
  BatchProvider,
  CallOptions,
  CreateAnswer,
  DecodedLine,
  Dialect,
  JobInput,
  JobLimits,
  JobSnapshot,
  JobStatus,
  LineContext,
} from "./batchProvider.ts";
export type { Bus } from "./bus.ts";
export type { Clock, Hasher, Ids } from "./clock.ts";
export {
  adoptData,
  COMMAND_DATA,
  COMMAND_PREFIX,
  COMMAND_TYPES,
  cancelData,
  commandSchema,
  duration,
  durationMs,
  itemsRef,
  pollData,
  retryData,
  submitData,
  submitHeader,
} from "./commands.ts";
export type { AdoptData, Command, CommandType, Reply, SubmitData, SubmitHeader } from "./commands.ts";
export { carriedBy } from "./carriedBy.ts";
export type {
  AccountDoc,
  Adoption,
  ArtifactRef,
  Cut,
  DeadLetter,
  DocOf,
  Gate,
  Head,
  Intent,
  Kind,
  LastError,
  NoFetch,
  OperatorVerdict,
  Pause,
  ProviderFiles,
  ProviderView,
  Purged,
  PurgedTask,
  RawFile,
  RequestDoc,
  RequestEnd,
  RequestResult,
  RequestState,
  Results,
  Revision,
  Role,
  SchemaDrift,
  Slice,
  SliceState,
  Stranger,
  Suspect,
  SweepDoc,
  TaskDoc,
  TaskJob,
  TaskResult,
  TaskState,
  VerdictsRef,
  WaitsFor,
} from "./documents.ts";
export { dutyOf, hasOpenSurplus } from "./duty.ts";
export {
  ArtifactMissing,
  BrokenTransfer,
  BusUnavailable,
  faultText,
  Faulty,
  IllegalTransition,
  LeaseLost,
  ProviderTrouble,
  StorageFull,
  StoreNotReady,
  StoreTooNew,
  StoreUnavailable,
} from "./errors.ts";
export type { Fault, Trouble } from "./errors.ts";
export { FACT_DATA, FACT_PREFIX, FACT_TYPES, factSchema, stampFacts } from "./facts.ts";
export type { Fact, FactBody, FactType } from "./facts.ts";
export {
  adoptionTaskId,
  base32,
  canonicalJson,
  customId,
  isGranaryTag,
  isOurTag,
  lineOf,
  newTaskId,
  outcomeId,
  parsePoolKey,
  parseSliceId,
  poolKey,
  requestKey,
  sliceId,
  tagOfCustomId,
  taskFolder,
} from "./ids.ts";
export type { Pool } from "./ids.ts";
export { item, message, output, params, retryPolicy } from "./item.ts";
export type { Item, Output, Params, RetryPolicy } from "./item.ts";
export { membersOf, ordinalsOf, sizeOf } from "./members.ts";
export type { Members } from "./members.ts";
export {
  addCosts,
  addCounts,
  addUsage,
  countOne,
  decideOutcome,
  FAILURE_REASONS,
  failureReason,
  NO_COUNTS,
  NO_USAGE,
  OUTCOME_STATUSES,
  outcomeStatus,
  totalOf,
  usage,
  withCacheWrites,
} from "./outcome.ts";
export type {
  Counts,
  FailureReason,
  LineRef,
  Outcome,
  OutcomeDecision,
  OutcomeStatus,
  Usage,
} from "./outcome.ts";
export { applySignal } from "./signals.ts";
export type { Signal } from "./signals.ts";
export type {
  AccountUsage,
  ClaimFilter,
  Gauges,
  Inserted,
  Page,
  PendingFact,
  PoolLine,
  RequestFilter,
  Saved,
  SaveOp,
  SaveOptions,
  SchemaState,
  SliceMove,
  SliceRepricing,
  SliceSettlement,
  Store,
  TaskFilter,
} from "./store.ts";
export { FAST, modeOf, USUAL } from "./account.ts";
export type {
  Account,
  AccountLimits,
  AccountMode,
  AccountSettings,
  Catalogue,
  Durations,
  FilePolicy,
  SourceSettings,
} from "./account.ts";
export { decideAdmission, PAUSE_BASE_MS, pauseFor, pauseScope, WHOLE_ACCOUNT } from "./admission.ts";
export type { Admission, AdmissionInput } from "./admission.ts";
export { nextUtcDayAt, utcDayStart, withinBudget } from "./budget.ts";
export { childSlice, CUT_LIMITS, cutLimits, cutter, slicesOfCuts } from "./cutting.ts";
export type { Cutter, ItemSize } from "./cutting.ts";
export { heldJobOf, isProvisional } from "./heldJob.ts";
export { DEEPEST, isShallow, TOO_DEEP } from "./nesting.ts";
export { newHead } from "./newHead.ts";
export {
  attemptWindow,
  CLOCK_MARGIN_MS,
  createTimeoutMs,
  fitsWindow,
  isDeclaredNotCreated,
  mayBeJobOf,
} from "./openAttempt.ts";
export { planTasks } from "./packing.ts";
export type { PoolView, TaskPlan } from "./packing.ts";
export { nextPollAt, timeoutAt } from "./polling.ts";
export { FILE_TRIES, hasFilesToRemove, isHarvested, providerFilesOf } from "./providerFiles.ts";
export { costOf, costOfJob, estimateMicros, priceList, priceOf, priceOfTask } from "./pricing.ts";
export type { Price, PriceTier, Rates, TokenEstimate } from "./pricing.ts";
export { acceptedFact, changeRequest, decideRequest, evolveRequest, requestResult } from "./request.ts";
export type { RequestCommand, RequestEvent, Totals } from "./request.ts";
export {
  duePurge,
  isPurged,
  isPurging,
  PURGE_NOT_BEFORE_MS,
  PURGE_OVERDUE_MS,
  PURGE_PARTS,
  purgeBlocks,
  purgedRequest,
} from "./retention.ts";
export type { PurgePart, Retention } from "./retention.ts";
export { decideRetry, isRetryable, retryNotBefore } from "./retryPolicy.ts";
export { DRIFT_NAMES, driftName, OTHER_DRIFT, tellDrift } from "./schemaDrift.ts";
export { decideSlice, evolveSlice, moveOf, SLICE_MOVES } from "./slice.ts";
export type { SliceCommand, SliceEvent } from "./slice.ts";
export { decideTask, taskResult } from "./task.ts";
export type { Carried, TaskCommand, TaskEvent } from "./task.ts";
export { adoptingTask, bornRunning, lateTask } from "./adoptingTask.ts";
export type { AdoptingTask } from "./adoptingTask.ts";
export { changeTask, evolveTask, newTask } from "./taskEvolve.ts";
export type { Change } from "./taskEvolve.ts";
export { beginTrace, isBegunHere, parseTraceparent, readTraceparent } from "./traceparent.ts";
export type { TracePlace } from "./traceparent.ts";
export { judgeAbsent, judgeLine, outcomeOf, verdictRow } from "./verdicts.ts";
export type { Judgement, OutputValidator, Rejection, RetryContext, VerdictRow } from "./verdicts.ts";
