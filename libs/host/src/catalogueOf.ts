import { priceList } from "@granary/domain";
import type { Account, BatchProvider, Catalogue } from "@granary/domain";
import {
  ANTHROPIC_PRICES,
  anthropicDialect,
  anthropicProvider,
  GEMINI_PRICES,
  geminiDialect,
  geminiProvider,
  OPENAI_PRICES,
  openaiDialect,
  openaiProvider,
} from "@granary/providers";
import type { AccountConfig, GranaryConfig } from "@granary/runtime";

/** Where calls go while no simulator is up: nothing listens there, so that whatever is sent is certainly not taken. */
const NOBODY = "http://127.0.0.1:9";

/** Stands between the steps and a provider, to see its calls. */
export type Observe = (provider: BatchProvider, account: Account["settings"]) => BatchProvider;

/** The accounts, prices and budgets that the steps work with. */
export function catalogueOf(config: GranaryConfig, observe: Observe = (provider) => provider): Catalogue {
  return {
    accounts: new Map(config.accounts.map((account) => [account.settings.id, accountOf(account, observe)])),
    defaultAccounts: config.defaultAccounts,
    prices: priceList(config.prices, OPENAI_PRICES, GEMINI_PRICES, ANTHROPIC_PRICES),
    sources: config.sources,
  };
}

function accountOf(config: AccountConfig, observe: Observe): Account {
  const { settings } = config;
  const { dialect, provider } = adapterOf(config);
  return { settings, dialect, provider: observe(provider, settings) };
}

/** The adapter of an account's provider. A new provider is a case of its own here, and nowhere else. */
function adapterOf(config: AccountConfig): Pick<Account, "dialect" | "provider"> {
  const { settings, apiKey, headers, organization, project } = config;
  const baseUrl =
    config.baseUrl ?? (settings.mode === "simulated" ? `${NOBODY}/${settings.provider}` : undefined);
  const address = {
    apiKey: apiKey.reveal(),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
  };
  switch (settings.provider) {
    case "openai":
      return {
        dialect: openaiDialect({ wire: config.wire ?? {} }),
        provider: openaiProvider({
          ...address,
          ...expiryOf(config),
          wire: config.wire ?? {},
          ...(organization === null ? {} : { organization }),
          ...(project === null ? {} : { project }),
        }),
      };
    case "gemini":
      return { dialect: geminiDialect(), provider: geminiProvider(address) };
    case "anthropic":
      return { dialect: anthropicDialect(), provider: anthropicProvider(address) };
    default:
      throw new Error(`there is no adapter for ${settings.provider}`);
  }
}

/** The longest that OpenAI gives: a task that waits, and a store restored from a copy, find their files all the while. */
const KEPT_SECONDS = 30 * 24 * 3_600;

/**
 * When files go by themselves, whatever becomes of us. Other endpoints that speak OpenAI's API may refuse the
 * parameter, and with it every create: there it is sent only where the account asks for it.
 */
function expiryOf({ settings, baseUrl }: AccountConfig) {
  const isTheirs = settings.mode === "simulated" || baseUrl === null;
  if (settings.files === "keep" || (settings.files !== "expire" && !isTheirs)) return {};
  return { inputExpiresAfterSeconds: KEPT_SECONDS, outputExpiresAfterSeconds: KEPT_SECONDS };
}
