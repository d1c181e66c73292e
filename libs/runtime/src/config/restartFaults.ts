import type { Fault } from "@granary/domain";
import type { AccountConfig, GranaryConfig } from "./granaryConfig.ts";
import type { Secret } from "./secret.ts";

const REMEDY = "cannot change while the process runs: restart it";

/**
 * What differs between two configurations and cannot be changed in a running process. Keys, headers, prices, models,
 * budgets, limits, sources and pace may; where the work lies, and which accounts there are, may not. Pure.
 */
export function restartFaults(before: GranaryConfig, after: GranaryConfig): readonly Fault[] {
  return [
    ...differing("the store", plain(before.store), plain(after.store)),
    ...differing("NATS", plain(before.nats), plain(after.nats)),
    ...differing("the artifacts", before.artifacts, after.artifacts),
    ...differing("the simulator", before.simulator, after.simulator),
    ...differing("GRANARY_INSTANCE", before.instance, after.instance),
    ...differing("the address of probes and metrics", before.http, after.http),
    ...differing("GRANARY_GRACE", before.graceMs, after.graceMs),
    ...differing("GRANARY_LOG_LEVEL", before.logLevel, after.logLevel),
    ...accountFaults(before.accounts, after.accounts),
  ];
}

function accountFaults(before: readonly AccountConfig[], after: readonly AccountConfig[]): readonly Fault[] {
  const was = new Map(before.map((account) => [account.settings.id, account]));
  const is = new Map(after.map((account) => [account.settings.id, account]));
  const gone = [...was.keys()].filter((id) => !is.has(id));
  const come = [...is.keys()].filter((id) => !was.has(id));
  return [
    ...gone.map((id) => ({ path: id, message: `the account is gone: accounts ${REMEDY}` })),
    ...come.map((id) => ({ path: id, message: `the account is new: accounts ${REMEDY}` })),
    ...[...was].flatMap(([id, account]) => {
      const other = is.get(id);
      return other ? changedAccount(id, account, other) : [];
    }),
  ];
}

/** Jobs under way are found again only where they were created; a lease is measured by what it was taken with. */
function changedAccount(id: string, before: AccountConfig, after: AccountConfig): readonly Fault[] {
  return [
    ...differing(`the mode of ${id}`, before.settings.mode, after.settings.mode),
    ...differing(`the base URL of ${id}`, before.baseUrl, after.baseUrl),
    ...differing(`the organization of ${id}`, before.organization, after.organization),
    ...differing(`the project of ${id}`, before.project, after.project),
    ...differing(`the wire of ${id}`, before.wire, after.wire),
    ...differing(`the lease of ${id}`, before.settings.durations.leaseMs, after.settings.durations.leaseMs),
  ];
}

function differing(path: string, before: unknown, after: unknown): readonly Fault[] {
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, message: REMEDY }];
}

/** With its secrets in the open, to be compared and nothing else. */
function plain(value: object | null): unknown {
  if (value === null) return null;
  return Object.entries(value).map(([name, entry]: [string, unknown]) => [
    name,
    isSecret(entry) ? entry.reveal() : entry,
  ]);
}

function isSecret(value: unknown): value is Secret {
  return typeof (value as Partial<Secret> | null)?.reveal === "function";
}
