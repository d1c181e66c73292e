import type { FailureReason, OutcomeStatus } from "@granary/domain";
import type { Provider, Scenario, ScenarioInput } from "@granary/simulator";

/** A fault as a scenario names it. */
export type FaultInput = NonNullable<ScenarioInput["faults"]>[number];

/** How an item may end: `succeeded`, or `failed refused`. */
export type End = Exclude<OutcomeStatus, "failed"> | `failed ${FailureReason}`;

/** One thing that goes wrong at a provider, as one cell of the matrix has it. */
export interface FaultCase {
  /** `create response_lost`, `job expire`, `line refusal`, or what several of them together are called. */
  readonly name: string;
  /** What of the simulator's scenario it is: the names of `faultKinds`. */
  readonly covers: readonly string[];
  /** Where it means something. */
  readonly providers: readonly Provider[];
  readonly faults?: readonly FaultInput[];
  readonly lines?: Scenario["lines"];
  readonly rates?: ScenarioInput["rates"];
  /** How items may end beside `succeeded`. */
  readonly ends?: readonly End[];
  /** A request is cancelled while its job runs. */
  readonly cancels?: true;
  /** Variables of the account, without their prefix. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The account's key is exchanged, and the old one revoked, while jobs run. */
  readonly changesKey?: true;
}

/** One cell: one case, or two at once, at one provider. */
export interface FaultCell {
  readonly cases: readonly FaultCase[];
  readonly provider: Provider;
}

/** What came of a cell. */
export interface FaultOutcome {
  readonly cell: FaultCell;
  /** What was wrong, each in a sentence; empty where nothing was. */
  readonly wrong: readonly string[];
  /** Faults of calls that did not come by, though they were in the scenario. */
  readonly idle: readonly string[];
  readonly ms: number;
}

/** `create reset + job expire at gemini` */
export function cellName({ cases, provider }: FaultCell): string {
  return `${cases.map(({ name }) => name).join(" + ")} at ${provider}`;
}
