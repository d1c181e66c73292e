import type { AccountSettings, Durations, Fault, FilePolicy, JobLimits } from "@granary/domain";
import { FAST, USUAL } from "@granary/domain";
import type { EnvironmentReader } from "./environment.ts";
import type { AccountConfig } from "./granaryConfig.ts";
import { simulatedBaseUrl } from "./granaryConfig.ts";
import type { ProviderName } from "./providerVariables.ts";
import { prefixOf } from "./providerVariables.ts";
import { secretOf } from "./secret.ts";
import { countText, durationValue, filePolicy, profile } from "./values.ts";
import type { WireConfig } from "./wireConfig.ts";

/** No secret: the simulator takes it, and nobody else. */
const SIMULATED_KEY = "sk-simulated";
/** Less would let a create that is merely slow be sent a second time, and be paid twice. */
const LIVE_QUIET_MS = 60_000;

/** What the environment says about all accounts of a provider. */
export interface Pace {
  readonly profile: "usual" | "fast" | undefined;
  readonly durations: Partial<Durations>;
  readonly lines: number | undefined;
  readonly jobs: number | undefined;
  readonly files: FilePolicy | undefined;
}

/** An account before it is checked as a whole. */
export interface AccountDraft {
  /** Where faults are told, by field. */
  readonly place: (field: string) => string;
  readonly provider: ProviderName;
  readonly name: string;
  readonly mode: "live" | "simulated";
  /** Undefined where it is missing, and that was told or is for the account to tell. */
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly organization: string | undefined;
  readonly project: string | undefined;
  readonly profile: "usual" | "fast" | undefined;
  readonly durations: Partial<Durations>;
  readonly job: Partial<JobLimits>;
  readonly limits: Omit<AccountSettings["limits"], "job">;
  readonly models: readonly string[];
  readonly files?: FilePolicy;
  readonly wire: WireConfig | undefined;
}

/** What all accounts of a provider have in common. */
export interface AccountSurroundings {
  readonly pace: Pace;
  /** The provider's own limits. */
  readonly jobLimits: JobLimits;
  readonly simulatorUrl: string | null;
}

/** Reads the pace of a provider's accounts. */
export function readPace({ read }: EnvironmentReader, provider: ProviderName): Pace {
  const name = `GRANARY_${prefixOf(provider)}` as const;
  return {
    profile: read(`${name}_PROFILE`, profile),
    durations: defined({
      leaseMs: read(`${name}_LEASE`, durationValue),
      pollMinMs: read(`${name}_POLL_INTERVAL`, durationValue),
      sweepMs: read(`${name}_SWEEP_INTERVAL`, durationValue),
      quietMs: read(`${name}_QUIET_PERIOD`, durationValue),
      settleMs: read(`${name}_SETTLE_WINDOW`, durationValue),
      lingerMs: read(`${name}_LINGER`, durationValue),
      jobTimeoutMs: read(`${name}_JOB_TIMEOUT`, durationValue),
    }),
    lines: read(`${name}_MAX_LINES`, countText),
    jobs: read(`${name}_MAX_JOBS`, countText),
    files: read(`${name}_FILES`, filePolicy),
  };
}

/** The account a draft describes; faults are noted. */
export function toAccountConfig(
  draft: AccountDraft,
  around: AccountSurroundings,
  faults: Fault[],
): AccountConfig {
  const { mode, provider } = draft;
  const durations = durationsOf(draft, around.pace, faults);
  if (mode === "live" && draft.baseUrl === undefined) {
    if (durations.quietMs < LIVE_QUIET_MS)
      faults.push({
        path: draft.place("durations.quiet"),
        message: "at least 1m at the provider's own live API",
      });
    limitFaults(draft, around, faults);
  }
  return {
    settings: {
      id: `${provider}:${draft.name}`,
      provider,
      mode,
      durations,
      limits: {
        job: {
          ...around.jobLimits,
          ...defined({ lines: around.pace.lines }),
          ...draft.job,
        },
        ...defined({ jobs: around.pace.jobs }),
        ...draft.limits,
      },
      extraModels: draft.models,
      ...defined({ files: draft.files ?? around.pace.files }),
    },
    apiKey: secretOf(mode === "simulated" ? SIMULATED_KEY : (draft.apiKey ?? "")),
    baseUrl:
      mode === "live"
        ? (draft.baseUrl ?? null)
        : around.simulatorUrl && simulatedBaseUrl(provider, around.simulatorUrl),
    headers: Object.fromEntries(
      Object.entries(draft.headers).map(([name, value]) => [name, secretOf(value)]),
    ),
    organization: draft.organization ?? null,
    project: draft.project ?? null,
    wire: draft.wire ?? null,
  };
}

function durationsOf(draft: AccountDraft, pace: Pace, faults: Fault[]): Durations {
  const chosen = draft.profile ?? pace.profile ?? (draft.mode === "live" ? "usual" : "fast");
  const merged = { ...(chosen === "usual" ? USUAL : FAST), ...pace.durations, ...draft.durations };
  if (draft.durations.pollMaxMs !== undefined && merged.pollMaxMs < merged.pollMinMs)
    faults.push({ path: draft.place("durations.pollMax"), message: "shorter than the shortest interval" });
  return { ...merged, pollMaxMs: Math.max(merged.pollMinMs, merged.pollMaxMs) };
}

/** Another endpoint that speaks the same language has limits of its own; the provider's are known. */
function limitFaults(draft: AccountDraft, { pace, jobLimits }: AccountSurroundings, faults: Fault[]): void {
  for (const [name, most] of Object.entries(jobLimits) as [keyof JobLimits, number][]) {
    const own = draft.job[name];
    if (own !== undefined && own > most)
      faults.push({ path: draft.place(`limits.${name}`), message: `the provider takes at most ${most}` });
  }
  if (draft.job.lines === undefined && pace.lines !== undefined && pace.lines > jobLimits.lines)
    faults.push({
      path: `GRANARY_${prefixOf(draft.provider)}_MAX_LINES`,
      message: `the provider takes at most ${jobLimits.lines}`,
    });
}

/** The object without its undefined members. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
