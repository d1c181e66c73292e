/** What a look found. */
export interface CheckResult {
  readonly ok: boolean;
  /** Why not, or what is worth knowing; never a secret. */
  readonly reason?: string;
  /** For people and programs: the mode of an account, for example. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

/** Something that must be well for a process to be alive, or ready. */
export interface Check {
  readonly name: string;
  /** Looks now. An error counts as not well; `signal` aborts when nobody waits for the answer any more. */
  readonly look: (signal: AbortSignal) => Promise<CheckResult> | CheckResult;
}

/** A check's result, as it is shown. */
export interface CheckReport extends CheckResult {
  readonly name: string;
}

/** Longest wait for one check: whoever asks does not wait much longer. */
const PATIENCE_MS = 1_500;

/** Looks at everything at once. A check that does not answer in time is not well. */
export async function runChecks(
  checks: readonly Check[],
  patienceMs = PATIENCE_MS,
): Promise<readonly CheckReport[]> {
  return Promise.all(
    checks.map(async (check) => ({ name: check.name, ...(await lookInTime(check, patienceMs)) })),
  );
}

async function lookInTime(check: Check, patienceMs: number): Promise<CheckResult> {
  const over = new AbortController();
  const late = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(
    () => late.resolve({ ok: false, reason: `no answer within ${patienceMs} ms` }),
    patienceMs,
  );
  try {
    return await Promise.race([check.look(over.signal), late.promise]);
  } catch (error) {
    // The name tells what to do; a message may hold an address with credentials.
    return { ok: false, reason: error instanceof Error ? error.name : "failed" };
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
