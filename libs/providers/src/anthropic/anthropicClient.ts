import Anthropic from "@anthropic-ai/sdk";

export interface AnthropicAccount {
  readonly apiKey: string;
  /** Where the API lies, without its version, such as `https://api.anthropic.com`, which is taken where none is given. */
  readonly baseUrl?: string;
  /** Sent with every request, such as `anthropic-beta` or `anthropic-workspace-id`; they win over the SDK's own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an account without a base URL lies. */
export const ANTHROPIC_BASE_URL = "https://api.anthropic.com";

/**
 * The official client for one account, and nothing but what that account says: the SDK would fill gaps from the
 * environment (key, base URL, headers, log level, tracing), and repeat requests by itself. Throws where the account
 * can never work; the error does not show the key.
 */
export function anthropicClient({
  apiKey,
  baseUrl = ANTHROPIC_BASE_URL,
  headers = {},
}: AnthropicAccount): Anthropic {
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new TypeError("the API key is empty, or has characters that no header can carry");
  if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? ""))
    throw new TypeError(`${JSON.stringify(baseUrl)} is no base URL: it must begin with http:// or https://`);
  const client = new Anthropic({
    apiKey,
    baseURL: baseUrl,
    webhookKey: null,
    maxRetries: 0,
    logLevel: "off",
    openTelemetry: false,
  });
  // Undoes what the constructor takes from `ANTHROPIC_CUSTOM_HEADERS`, for which there is no option.
  const options: unknown = Reflect.get(client, "_options");
  if (typeof options !== "object" || options === null) throw new Error("the SDK keeps its options elsewhere");
  Reflect.set(client, "_options", { ...options, defaultHeaders: { ...headers } });
  return client;
}
