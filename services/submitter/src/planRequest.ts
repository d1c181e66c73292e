import type { Account, RequestDoc, SubmitData } from "@granary/domain";
import {
  beginTrace,
  canonicalJson,
  durationMs,
  Faulty,
  newHead,
  priceOf,
  readTraceparent,
  requestKey,
} from "@granary/domain";
import { faultList } from "./faultList.ts";
import type { FaultList } from "./faultList.ts";
import { itemMeter } from "./itemMeter.ts";
import type { SubmitterDeps } from "./settings.ts";
import { takeInline, takeReferred } from "./takeItems.ts";

/** A request as it would be accepted. */
export interface Planned {
  readonly doc: RequestDoc;
  readonly account: Account;
}

/** What planning a request needs. */
export type PlanDeps = Pick<SubmitterDeps, "artifacts" | "clock" | "ids" | "catalogue" | "objects">;

/** How a request is planned. */
export interface PlanOptions {
  readonly dryRun?: boolean;
  /** The trace of the command's event, for a request that names none itself. */
  readonly traceparent?: string | undefined;
}

/**
 * Checks a submit command whole and makes the request it asks for: nothing is inserted, and all that is written is
 * the input artifact of a large one. `dryRun` writes nothing. Without a trace that can be used, a new one begins.
 * @throws Faulty with every fault
 */
export async function planRequest(
  deps: PlanDeps,
  data: SubmitData,
  { dryRun = false, traceparent }: PlanOptions = {},
): Promise<Planned> {
  const faults = faultList();
  const at = deps.clock.now();
  const id = requestKey(deps.ids, data.source, data.requestId);
  const accountId = accountIdOf(deps.catalogue, data);
  const account = deps.catalogue.accounts.get(accountId);
  if (!account) {
    faults.add({
      path: data.account ? "account" : "provider",
      message: `account ${accountId} is not configured: set GRANARY_${data.provider.toUpperCase()}_MODE, or list it in the file of GRANARY_CONFIG`,
    });
    throw new Faulty("the request cannot be taken", faults.all());
  }
  const deadlineAt = deadlineOf(data, at, faults);
  checkHeader(deps, data, account, faults);
  // An endpoint that is none is one fault of the header, and none of every item.
  const { endpoints } = account.dialect;
  const endpoint = endpoints.find((known) => known === data.endpoint) ?? endpoints[0];
  const context = { model: data.model, endpoint, output: data.output };
  const header = canonicalJson({ provider: data.provider, account: accountId, ...context });
  const content = deps.ids.sha256().update(`${header}\n`);
  const measured = itemMeter(deps, data, account, endpoint, content, faults);
  const input = data.items
    ? await takeInline(deps, id, data.items, measured, dryRun || !faults.empty())
    : await takeReferred(deps, id, data.itemsRef, measured, faults, dryRun || !faults.empty());
  const { cuts, itemCount, estimateMicros } = measured.end();
  if (itemCount === 0 && faults.empty())
    faults.add({ path: "items", message: "there is no item: give at least one" });
  checkCost(deps, data, estimateMicros, faults);
  if (!faults.empty()) {
    if (input.written) await deps.artifacts.remove(input.written);
    throw new Faulty("the request cannot be taken", faults.all());
  }
  const { source, requestId, output, priority, retry, isolate, metadata } = data;
  const by = deps.ids.nonce();
  return {
    account,
    doc: {
      ...newHead({ id, by, dueAt: at }),
      state: "accepted",
      source,
      requestId,
      contentSha: content.hex(),
      provider: data.provider,
      account: accountId,
      model: data.model,
      endpoint,
      output,
      schemaSha:
        output.type === "json_schema" ? deps.ids.sha256().update(canonicalJson(output.schema)).hex() : null,
      priority,
      deadlineAt,
      retry,
      maxCostMicros: data.maxCostUsd === undefined ? null : Math.floor(data.maxCostUsd * 1e6),
      isolate,
      metadata,
      traceparent:
        readTraceparent(data.traceparent) ?? readTraceparent(traceparent) ?? beginTrace(deps.ids, by),
      parent: null,
      itemCount,
      input: input.input,
      cuts,
      estimateMicros,
      end: null,
      revision: 0,
      acceptedAt: at,
      endedAt: null,
      result: null,
      counts: null,
      costMicros: null,
      usage: null,
      results: null,
      replays: [],
      waitsFor: null,
      lastError: null,
    },
  };
}

/** The account a command means. */
export function accountIdOf(
  { defaultAccounts }: PlanDeps["catalogue"],
  { provider, account }: Pick<SubmitData, "provider" | "account">,
): string {
  return account ? `${provider}:${account}` : (defaultAccounts[provider] ?? `${provider}:default`);
}

function deadlineOf({ deadline }: SubmitData, at: number, faults: FaultList): number | null {
  if (deadline === undefined) return null;
  const deadlineAt = /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(deadline)
    ? at + durationMs(deadline)
    : Date.parse(deadline);
  if (deadlineAt <= at)
    faults.add({
      path: "deadline",
      message: `${deadline} is in the past: give an instant or a duration ahead`,
    });
  return deadlineAt;
}

function checkHeader(
  { catalogue, clock }: PlanDeps,
  data: SubmitData,
  account: Account,
  faults: FaultList,
): void {
  const { dialect, settings } = account;
  if (data.notify !== undefined)
    faults.add({
      path: "notify",
      message: "deliveries are not supported: follow the fact request.completed",
    });
  if (data.endpoint !== undefined && !dialect.endpoints.includes(data.endpoint))
    faults.add({ path: "endpoint", message: `${data.endpoint} is none of ${dialect.endpoints.join(", ")}` });
  const price = priceOf(catalogue.prices, data.provider, data.model, clock.now(), settings.id);
  if (!price && !settings.extraModels.includes(data.model))
    faults.add({
      path: "model",
      message: `${data.model} is no model known for ${settings.id}: correct it, or list it under models in the file of GRANARY_CONFIG`,
    });
  if (data.output.type === "json_schema") faults.addAll(dialect.schemaFaults(data.output.schema));
}

function checkCost(
  { catalogue }: PlanDeps,
  data: SubmitData,
  estimateMicros: number | null,
  faults: FaultList,
): void {
  if (!faults.empty()) return;
  const daily = catalogue.sources[data.source]?.dailyMicros;
  const limits: readonly (readonly [string, number | undefined, string])[] = [
    ["maxCostUsd", data.maxCostUsd === undefined ? undefined : data.maxCostUsd * 1e6, "maxCostUsd"],
    ["source", daily, `the daily budget of source ${data.source}`],
  ];
  for (const [path, most, name] of limits) {
    if (most === undefined) continue;
    if (estimateMicros === null)
      faults.add({
        path,
        message: `the price of ${data.model} is not known, so ${name} cannot be kept: give its price`,
      });
    else if (estimateMicros > most)
      faults.add({
        path,
        message: `the request may cost ${(estimateMicros / 1e6).toFixed(4)} USD, over ${name} of ${(most / 1e6).toFixed(4)} USD`,
      });
  }
}
