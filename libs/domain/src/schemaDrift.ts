import type { AccountDoc, SchemaDrift } from "./documents.ts";
import type { FactBody } from "./facts.ts";

/** Most names an account remembers, and tells of: what comes after them is told of once, as OTHER_DRIFT. */
export const DRIFT_NAMES = 50;
/** Stands for names beyond the bound. */
export const OTHER_DRIFT = "…other";
const LONGEST_NAME = 64;

/** A name out of foreign bytes as it may stand in a label, a log line and a fact: short, and of few characters. */
export function driftName(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_.=[\]-]+/g, "?").slice(0, LONGEST_NAME);
  return clean === "" ? "?" : clean;
}

/**
 * The account with what it has not told of yet, and the facts that tell it. Null where all of it was told before: once
 * for an account and a name, whoever sees it and however often.
 */
export function tellDrift(
  account: AccountDoc,
  seen: Omit<SchemaDrift, "at"> & { readonly provider: string },
  at: number,
): { readonly next: AccountDoc; readonly facts: readonly FactBody[] } | null {
  const { object, provider } = seen;
  const told = account.drift ?? [];
  const isTold = (field: string): boolean =>
    told.some((other) => other.object === object && other.field === field);
  const ofObject = told.filter((other) => other.object === object);
  const field = isTold(seen.field) || ofObject.length < DRIFT_NAMES ? seen.field : OTHER_DRIFT;
  if (isTold(field)) return null;
  return {
    next: { ...account, drift: [...told, { object, field, at }] },
    facts: [{ type: "provider.schema_drift", data: { account: account.account, provider, object, field } }],
  };
}
