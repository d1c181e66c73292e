import type { Fault } from "@granary/domain";
import type { AccountDraft } from "./accountConfig.ts";
import { defined } from "./accountConfig.ts";
import type { ConfigFile, FileAccount } from "./configFile.ts";
import { placeIn } from "./configFile.ts";
import type { EnvironmentReader } from "./environment.ts";
import type { ProviderName } from "./providerVariables.ts";
import { headerText, keyText } from "./values.ts";
import { unreadable } from "./unreadable.ts";

/** Names of headers that carry a credential on some endpoint. */
const CREDENTIAL = /authorization|cookie|key|token|secret|password/i;

/** Where the file's references lead. */
export interface References {
  readonly env: EnvironmentReader;
  readonly readFile: (path: string) => string;
}

/** The accounts of a configuration file, its references followed. Faults are noted; a provider that is not there yet is one. */
export function fileAccounts(
  fileName: string,
  { accounts, models }: ConfigFile,
  references: References,
  supported: readonly ProviderName[],
  faults: Fault[],
): readonly AccountDraft[] {
  return accounts.flatMap((account, index) => {
    const place = (field: string): string => placeIn(fileName, ["accounts", index, ...field.split(".")]);
    if (!supported.includes(account.provider)) {
      faults.push({ path: place("provider"), message: `${account.provider} is not supported yet` });
      return [];
    }
    nameFaults(account, place, faults);
    if (account.mode === "simulated") simulatedFaults(account, place, faults);
    wireFaults(account, place, faults);
    return [
      {
        place,
        provider: account.provider,
        name: account.name,
        mode: account.mode,
        apiKey: account.mode === "live" ? keyOf(account, references, place, faults) : undefined,
        baseUrl: account.baseUrl,
        headers: headersOf(account, references, place, faults),
        organization: account.organization,
        project: account.project,
        profile: account.profile,
        ...paceOf(account),
        ...(account.files === undefined ? {} : { files: account.files }),
        models: [...(models[account.provider] ?? []), ...account.models],
        wire: account.wire && defined(account.wire),
      },
    ];
  });
}

function paceOf({ durations, limits }: FileAccount): Pick<AccountDraft, "durations" | "job" | "limits"> {
  const { lines, bytes, lineBytes, tokens, dailyUsd, jobs, tokensPerModel, createsPerMinute } = limits;
  const dailyMicros = dailyUsd === undefined ? undefined : microsOf(dailyUsd);
  return {
    durations: defined({
      leaseMs: durations.lease,
      pollMinMs: durations.poll,
      pollMaxMs: durations.pollMax,
      sweepMs: durations.sweep,
      quietMs: durations.quiet,
      settleMs: durations.settle,
      lingerMs: durations.linger,
      jobTimeoutMs: durations.jobTimeout,
    }),
    job: defined({ lines, bytes, lineBytes, tokens }),
    limits: defined({ jobs, tokensPerModel, createsPerMinute, dailyMicros }),
  };
}

/** Micro-dollars of dollars. */
export function microsOf(usd: number): number {
  return Math.round(usd * 1_000_000);
}

function nameFaults({ name, mode }: FileAccount, place: (field: string) => string, faults: Fault[]): void {
  if (mode === "simulated" && name !== "simulated")
    faults.push({ path: place("name"), message: "a simulated account is named simulated" });
  if (mode === "live" && name === "simulated")
    faults.push({ path: place("name"), message: "only a simulated account is named simulated" });
}

/** A simulated account has nothing in common with a real one. */
function simulatedFaults(account: FileAccount, place: (field: string) => string, faults: Fault[]): void {
  for (const field of ["keyEnv", "keyFile", "baseUrl", "organization", "project"] as const)
    if (account[field] !== undefined)
      faults.push({ path: place(field), message: "not for a simulated account" });
  if (Object.keys(account.headers).length > 0)
    faults.push({ path: place("headers"), message: "not for a simulated account" });
}

/** Only who speaks OpenAI's language somewhere else than OpenAI can speak it in another way. */
function wireFaults(
  { provider, mode, baseUrl, wire, headers }: FileAccount,
  place: (field: string) => string,
  faults: Fault[],
): void {
  if (wire === undefined) return;
  const fault = (message: string): void => void faults.push({ path: place("wire"), message });
  if (provider !== "openai") fault("only an account of openai has it");
  else if (mode === "simulated") fault("not for a simulated account");
  else if (baseUrl === undefined) fault("only with a baseUrl: at OpenAI's own API nothing differs");
  const { keyHeader } = wire;
  for (const name of Object.keys(headers))
    if (name.toLowerCase() === keyHeader?.toLowerCase())
      faults.push({ path: place(`headers.${name}`), message: "carries the key already, by wire.keyHeader" });
}

function keyOf(
  { keyEnv, keyFile }: FileAccount,
  references: References,
  place: (field: string) => string,
  faults: Fault[],
): string | undefined {
  if ((keyEnv === undefined) === (keyFile === undefined)) {
    faults.push({ path: place("keyEnv"), message: "a live account has exactly one of keyEnv and keyFile" });
    return undefined;
  }
  const path = place(keyEnv === undefined ? "keyFile" : "keyEnv");
  const value = follow(keyEnv === undefined ? { file: keyFile! } : { env: keyEnv }, references, path, faults);
  return checked(value, keyText, path, faults);
}

function headersOf(
  { headers }: FileAccount,
  references: References,
  place: (field: string) => string,
  faults: Fault[],
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, given] of Object.entries(headers)) {
    const path = place(`headers.${name}`);
    if (typeof given === "string") {
      if (CREDENTIAL.test(name))
        faults.push({ path, message: "a key never stands in this file: give {env: NAME} or {file: PATH}" });
      found[name] = given;
      continue;
    }
    const value = checked(follow(given, references, path, faults), headerText, path, faults);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function follow(
  reference: { readonly env: string } | { readonly file: string },
  { env, readFile }: References,
  path: string,
  faults: Fault[],
): string | undefined {
  if ("env" in reference) {
    const value = env.readNamed(reference.env);
    if (value === undefined) faults.push({ path, message: `the variable ${reference.env} is not set` });
    return value;
  }
  try {
    return readFile(reference.file).trim();
  } catch (error) {
    faults.push({ path, message: unreadable(error) });
    return undefined;
  }
}

function checked(
  value: string | undefined,
  schema: typeof keyText,
  path: string,
  faults: Fault[],
): string | undefined {
  const parsed = value === undefined ? undefined : schema.safeParse(value);
  for (const issue of parsed?.error?.issues ?? []) faults.push({ path, message: issue.message });
  return parsed?.data;
}
