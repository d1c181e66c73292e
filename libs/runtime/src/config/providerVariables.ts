/** Providers that can be configured, in the order of the manual. */
export const PROVIDERS = ["openai", "gemini", "anthropic"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What the names of a provider's variables begin with, after `GRANARY_` or by itself. */
export type Prefix<P extends ProviderName = ProviderName> = Uppercase<P>;

const SETTINGS = {
  MODE: [
    "live or simulated; a key alone never makes an account live",
    "none in a service, where another provider has one, or where the file has accounts; else simulated",
  ],
  PROFILE: ["durations: usual or fast", "usual where live, fast where simulated"],
  POLL_INTERVAL: ["shortest time between two looks at a running job", "30s (usual), 500ms (fast)"],
  JOB_TIMEOUT: ["from submission until a job is cancelled", "26h (usual), 10m (fast)"],
  LEASE: ["how long a claim stands unrenewed", "30s (usual), 5s (fast)"],
  SWEEP_INTERVAL: ["between two passes over the job list", "60s (usual), 1s (fast)"],
  QUIET_PERIOD: ["after an unknown create, before its absence is believed", "15m (usual), 5s (fast)"],
  SETTLE_WINDOW: ["how long an ended job may take to show all its lines", "15m (usual), 2s (fast)"],
  LINGER: ["how long a small request waits to share a job", "60s (usual), 1s (fast)"],
  FILES: ["files at the provider after the harvest: keep, remove or expire (where the API can)", "remove"],
  MAX_LINES: ["lines of one job", "the provider's limit"],
  MAX_JOBS: ["jobs under way at a time", "no limit"],
} as const;

type Setting = keyof typeof SETTINGS;

/** A variable of one provider. */
export interface ProviderVariable<P extends ProviderName> {
  readonly name: `GRANARY_${Prefix<P>}_${Setting}` | `${Prefix<P>}_API_KEY` | `${Prefix<P>}_BASE_URL`;
  readonly meaning: string;
  readonly default: string | null;
  readonly secret: boolean;
}

/** The variables that every provider has: those of its environment's account, and the pace of all its accounts. */
export function providerVariables<P extends ProviderName>(provider: P): readonly ProviderVariable<P>[] {
  const prefix = prefixOf(provider);
  const rows = (Object.keys(SETTINGS) as Setting[]).map((setting): ProviderVariable<P> => {
    const [meaning, usual] = SETTINGS[setting];
    return { name: `GRANARY_${prefix}_${setting}`, meaning, default: usual, secret: false };
  });
  const account = `${provider}:default; read only where the mode is live`;
  const [mode, ...pace] = rows;
  return [
    mode!,
    { name: `${prefix}_API_KEY`, meaning: `key of the account ${account}`, default: null, secret: true },
    {
      name: `${prefix}_BASE_URL`,
      meaning: `base URL of ${account}`,
      default: "the provider's own",
      secret: false,
    },
    ...pace,
  ];
}

/** `OPENAI` of `openai`. */
export function prefixOf<P extends ProviderName>(provider: P): Prefix<P> {
  return provider.toUpperCase() as Prefix<P>;
}
