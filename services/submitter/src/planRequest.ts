import type { Account, ArtifactRef, Cut, Fault, Hasher, Item, RequestDoc, SubmitData } from "@granary/domain";
import {
  addCosts,
  canonicalJson,
  cutLimits,
  cutter,
  durationMs,
  Faulty,
  item as itemSchema,
  priceOf,
  requestKey,
} from "@granary/domain";
import { readLines } from "@granary/providers";
import { faultList } from "./faultList.ts";
import type { FaultList } from "./faultList.ts";
import { measureItem, shortDigest } from "./measureItem.ts";
import { INLINE_INPUT_BYTES } from "./settings.ts";
import type { SubmitterDeps } from "./settings.ts";

/** One item on its way in: decoded, or why not. */
interface Incoming {
  readonly path: string;
  readonly value: Item | null;
  readonly faults: readonly Fault[];
}

/** A request as it would be accepted. */
export interface Planned {
  readonly doc: RequestDoc;
  readonly account: Account;
}

type PlanDeps = Pick<SubmitterDeps, "artifacts" | "clock" | "ids" | "catalogue">;

/**
 * Checks a submit command whole and makes the request it asks for: nothing is inserted, and all that is written is
 * the input artifact of a large one. `dryRun` writes nothing.
 * @throws Faulty with every fault
 */
export async function planRequest(
  deps: PlanDeps,
  data: SubmitData,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Planned> {
  const faults = faultList();
  const at = deps.clock.now();
  const id = requestKey(deps.ids, data.source, data.requestId);
  const accountId = data.account
    ? `${data.provider}:${data.account}`
    : (deps.catalogue.defaultAccounts[data.provider] ?? `${data.provider}:default`);
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
  const endpoint = data.endpoint ?? account.dialect.endpoints[0];
  const context = { model: data.model, endpoint, output: data.output };
  const header = canonicalJson({ provider: data.provider, account: accountId, ...context });
  const content = deps.ids.sha256().update(`${header}\n`);
  const measured = measurer(deps, data, account, endpoint, content, faults);
  const input = data.items
    ? await takeInline(deps, id, data.items, measured, dryRun || !faults.empty())
    : await takeArtifact(deps, id, data.itemsRef, measured, faults, dryRun || !faults.empty());
  const { cuts, itemCount, estimateMicros } = measured.end();
  if (itemCount === 0 && faults.empty())
    faults.add({ path: "items", message: "there is no item: give at least one" });
  checkCost(deps, data, estimateMicros, faults);
  if (!faults.empty()) {
    if (input.written) await deps.artifacts.remove(input.written);
    throw new Faulty("the request cannot be taken", faults.all());
  }
  const { source, requestId, output, priority, retry, isolate, metadata } = data;
  return {
    account,
    doc: {
      id,
      version: 1,
      by: deps.ids.nonce(),
      dueAt: at,
      claim: 0,
      owner: null,
      leaseUntil: 0,
      strikes: 0,
      eventSeq: 0,
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
      traceparent: data.traceparent ?? null,
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

function checkHeader({ catalogue }: PlanDeps, data: SubmitData, account: Account, faults: FaultList): void {
  const { dialect, settings } = account;
  if (data.notify !== undefined)
    faults.add({
      path: "notify",
      message: "deliveries are not supported: follow the fact request.completed",
    });
  if (data.endpoint !== undefined && !dialect.endpoints.includes(data.endpoint))
    faults.add({ path: "endpoint", message: `${data.endpoint} is none of ${dialect.endpoints.join(", ")}` });
  const price = priceOf(catalogue.prices, data.provider, data.model);
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

/** Takes items one after the other: checks each, hashes it, and adds up the cuts. */
function measurer(
  { ids, catalogue }: PlanDeps,
  data: SubmitData,
  account: Account,
  endpoint: string,
  content: Hasher,
  faults: FaultList,
) {
  const price = priceOf(catalogue.prices, data.provider, data.model);
  const context = { model: data.model, endpoint, output: data.output };
  const digest = shortDigest(() => ids.sha256());
  const keys = new Map<string, string>();
  const cuts: Cut[] = [];
  const cutting = cutter(cutLimits(account.settings.limits.job));
  let itemCount = 0;
  let offset = 0;
  let estimateMicros: number | null = 0;
  return {
    /** The item's stored form, or null where it has faults. */
    take({ path, value, faults: own }: Incoming): string | null {
      const ordinal = itemCount++;
      if (!value) {
        faults.addAll(own);
        return null;
      }
      const before = keys.get(value.key);
      if (before !== undefined)
        faults.add({
          key: value.key,
          path,
          message: `the key is used already, at ${before}: keys are unique`,
        });
      else keys.set(value.key, path || `item ${ordinal}`);
      const measured = measureItem(account, context, price, value, digest);
      if (!("json" in measured)) {
        faults.addAll(
          measured.map((fault) => ({
            ...fault,
            key: value.key,
            path: [path, fault.path].filter(Boolean).join("."),
          })),
        );
        return null;
      }
      const length = Buffer.byteLength(measured.json) + 1;
      const cut = cutting.add({ ...measured.size, offset, length });
      if (cut) cuts.push(cut);
      offset += length;
      estimateMicros = addCosts(estimateMicros, measured.size.estimateMicros);
      content.update(`${measured.json}\n`);
      return measured.json;
    },
    end(): { cuts: readonly Cut[]; itemCount: number; estimateMicros: number | null } {
      const last = cutting.end();
      if (last) cuts.push(last);
      return { cuts, itemCount, estimateMicros };
    },
  };
}

interface Taken {
  readonly input: RequestDoc["input"];
  /** An artifact that this call made, to be removed where the request is refused. */
  readonly written: string | null;
}

const NOTHING: Taken = { input: { inline: [] }, written: null };

async function takeInline(
  { artifacts }: PlanDeps,
  id: string,
  items: readonly Item[],
  measured: ReturnType<typeof measurer>,
  dryRun: boolean,
): Promise<Taken> {
  const lines = items.map((value, index) => measured.take({ path: `items[${index}]`, value, faults: [] }));
  const whole = lines.filter((line) => line !== null);
  if (whole.length < lines.length || dryRun) return NOTHING;
  const bytes = whole.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (bytes <= INLINE_INPUT_BYTES) return { input: { inline: items }, written: null };
  async function* encoded(): AsyncGenerator<Uint8Array> {
    for (const line of whole) yield Buffer.from(`${line}\n`);
  }
  return written(await artifacts.put((sha256) => `${id}/input-${sha256.slice(0, 8)}.jsonl`, encoded()));
}

async function takeArtifact(
  { artifacts, ids }: PlanDeps,
  id: string,
  ref: SubmitData["itemsRef"],
  measured: ReturnType<typeof measurer>,
  faults: FaultList,
  dryRun: boolean,
): Promise<Taken> {
  if (!ref) return NOTHING;
  const { path, sha256 } = ref;
  const seen = ids.sha256();
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of artifacts.read(path)) {
      seen.update(chunk);
      yield chunk;
    }
  }
  async function* encoded(): AsyncGenerator<Uint8Array> {
    let number = 0;
    for await (const lines of readLines(hashed())) {
      const whole: string[] = [];
      for (const { text } of lines) {
        number += 1;
        if (text?.trim() === "") continue;
        const taken = measured.take(readItem(text, `line ${number}`));
        if (taken !== null) whole.push(taken);
      }
      if (whole.length > 0) yield Buffer.from(`${whole.join("\n")}\n`);
    }
  }
  let taken = NOTHING;
  const chunks = encoded();
  if (dryRun) while (!(await chunks.next()).done);
  else taken = written(await artifacts.put((sha) => `${id}/input-${sha.slice(0, 8)}.jsonl`, chunks));
  if (seen.hex() !== sha256)
    faults.add({
      path: "itemsRef.sha256",
      message: `${path} has another content than the one that was named`,
    });
  return taken;
}

function written({ existed, ...input }: ArtifactRef & { readonly existed: boolean }): Taken {
  return { input, written: existed ? null : input.path };
}

/** One line of an items file. */
function readItem(text: string | null, path: string): Incoming {
  let value: unknown;
  try {
    if (text === null) throw new SyntaxError("not UTF-8, or too long");
    value = JSON.parse(text);
  } catch (error) {
    return { path, value: null, faults: [{ path, message: `is no JSON: ${(error as Error).message}` }] };
  }
  const parsed = itemSchema.safeParse(value);
  if (parsed.success) return { path, value: parsed.data, faults: [] };
  const key =
    typeof (value as { key?: unknown } | null)?.key === "string" ? (value as { key: string }).key : undefined;
  return {
    path,
    value: null,
    faults: parsed.error.issues.map((issue) => ({
      ...(key === undefined ? {} : { key }),
      path: [path, ...issue.path].join("."),
      message: issue.message,
    })),
  };
}
