import type { Account, Artifacts, Catalogue, Fault, SubmitData } from "@granary/domain";
import { addCosts, Faulty } from "@granary/domain";
import type { GranaryConfig } from "@granary/runtime";
import { systemClock, systemIds } from "@granary/runtime";
import { planRequest } from "@granary/submitter";
import { EXIT, Failure } from "../failure.ts";
import { smokeRequests } from "./smokeRequests.ts";

/** What will be sent, and what it costs at most. */
export interface SmokePlan {
  readonly account: Account;
  readonly model: string;
  readonly requests: readonly SubmitData[];
  /** Micro-dollars with the longest answers; null where the model has no known price. */
  readonly mostMicros: number | null;
}

/** What was asked for. */
export interface SmokeChoice {
  readonly provider: string;
  readonly account?: string;
  readonly model?: string;
}

/**
 * Chooses account and model, the cheapest one with a known price unless one is named, and checks the requests as they
 * will be checked when they are submitted. Nothing is written or sent.
 * @throws Failure where there is no such account, or the requests would be refused
 */
export async function planSmoke(
  config: Pick<GranaryConfig, "refusals">,
  catalogue: Catalogue,
  choice: SmokeChoice,
): Promise<SmokePlan> {
  const account = accountOf(config, catalogue, choice);
  const { id, provider } = account.settings;
  const run = systemIds.random(8);
  const plan = async (model: string): Promise<SmokePlan> => {
    const requests = smokeRequests({ provider, account: id.slice(provider.length + 1), model, run });
    return { account, model, requests, mostMicros: await mostOf(catalogue, requests) };
  };
  if (choice.model !== undefined) return plan(choice.model).catch(refused(choice.model));
  const priced = catalogue.prices
    .filter((price) => price.provider === provider && (price.account ?? id) === id)
    .map(({ model }) => model);
  let cheapest: SmokePlan | null = null;
  for (const model of new Set(priced)) {
    const planned = await plan(model).catch(nullIfFaulty);
    if (planned?.mostMicros == null) continue;
    if (cheapest === null || planned.mostMicros < (cheapest.mostMicros ?? Infinity)) cheapest = planned;
  }
  if (cheapest) return cheapest;
  throw new Failure(EXIT.wrongInput, `no model of ${provider} has a known price: name one with --model`);
}

function accountOf(
  { refusals }: Pick<GranaryConfig, "refusals">,
  { accounts, defaultAccounts }: Catalogue,
  { provider, account: name }: SmokeChoice,
): Account {
  const id =
    name === undefined ? defaultAccounts[provider] : name.includes(":") ? name : `${provider}:${name}`;
  const account = id === undefined ? undefined : accounts.get(id);
  if (account?.settings.provider === provider) return account;
  const own = [...accounts.values()].filter(({ settings }) => settings.provider === provider);
  const known = own.map(({ settings }) => settings.id).join(", ");
  throw new Failure(
    EXIT.wrongInput,
    own.length === 0
      ? `no account of ${provider} is configured: ${refusals[provider] ?? "see granary providers"}`
      : `name one of ${provider}'s accounts with --account: ${known}`,
  );
}

async function mostOf(catalogue: Catalogue, requests: readonly SubmitData[]): Promise<number | null> {
  // Items that come with the command are read from nowhere.
  const artifacts = {} as Artifacts;
  const deps = { artifacts, clock: systemClock, ids: systemIds, catalogue };
  let most: number | null = 0;
  for (const request of requests) {
    const { doc } = await planRequest(deps, request, { dryRun: true });
    most = addCosts(most, doc.estimateMicros);
  }
  return most;
}

function refused(model: string) {
  return (error: unknown): never => {
    if (!(error instanceof Faulty)) throw error;
    const faults: readonly Fault[] = error.faults;
    throw new Failure(EXIT.wrongInput, `${model} cannot be tried:`, faults, { cause: error });
  };
}

function nullIfFaulty(error: unknown): null {
  if (error instanceof Faulty) return null;
  throw error;
}
