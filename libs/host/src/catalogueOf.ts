import type { Account, BatchProvider, Catalogue } from "@granary/domain";
import { OPENAI_PRICES, openaiDialect, openaiProvider } from "@granary/providers";
import type { AccountConfig, GranaryConfig } from "@granary/runtime";

/** Where calls go while no simulator is up: nothing listens there, so that whatever is sent is certainly not taken. */
const NOBODY = "http://127.0.0.1:9/openai/v1";

/** Stands between the steps and a provider, to see its calls. */
export type Observe = (provider: BatchProvider, account: Account["settings"]) => BatchProvider;

/** The accounts, prices and budgets that the steps work with. */
export function catalogueOf(config: GranaryConfig, observe: Observe = (provider) => provider): Catalogue {
  return {
    accounts: new Map(config.accounts.map((account) => [account.settings.id, accountOf(account, observe)])),
    defaultAccounts: config.defaultAccounts,
    prices: [...config.prices, ...OPENAI_PRICES],
    sources: config.sources,
  };
}

function accountOf(
  { settings, apiKey, baseUrl, headers, organization, project }: AccountConfig,
  observe: Observe,
): Account {
  const url = baseUrl ?? (settings.mode === "simulated" ? NOBODY : undefined);
  return {
    settings,
    dialect: openaiDialect(),
    provider: observe(
      openaiProvider({
        apiKey: apiKey.reveal(),
        ...(url === undefined ? {} : { baseUrl: url }),
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
        ...(organization === null ? {} : { organization }),
        ...(project === null ? {} : { project }),
      }),
      settings,
    ),
  };
}
