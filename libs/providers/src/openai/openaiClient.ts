import OpenAI from "openai";

export interface OpenAIAccount {
  readonly apiKey: string;
  /** Where the API lies, such as `https://api.openai.com/v1`, which is taken where none is given. */
  readonly baseUrl?: string;
  /** Sent with every request; they win over the SDK's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The header that carries the key, as it is; `authorization`, with `Bearer` before it, where left out. */
  readonly keyHeader?: string;
  readonly organization?: string;
  readonly project?: string;
}

/** Where an account without a base URL lies. */
export const OPENAI_BASE_URL = "https://api.openai.com/v1";

/**
 * The official client for one account, and nothing but what that account says: the SDK would fill gaps from the
 * environment (key, base URL, organization, project, headers, log level), and repeat requests by itself.
 * Throws where the account can never work; the error does not show the key.
 */
export function openaiClient({
  apiKey,
  baseUrl,
  headers = {},
  keyHeader,
  organization,
  project,
}: OpenAIAccount): OpenAI {
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new TypeError("the API key is empty, or has characters that no header can carry");
  const url = baseUrl ?? OPENAI_BASE_URL;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new TypeError(`${JSON.stringify(url)} is no base URL: it must begin with http:// or https://`);
  return new SealedClient({
    apiKey,
    baseURL: url,
    // A key that travels elsewhere does not travel in `authorization` as well.
    defaultHeaders:
      keyHeader === undefined ? headers : { authorization: null, [keyHeader]: apiKey, ...headers },
    organization: organization ?? null,
    project: project ?? null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: "off",
  });
}

/** Undoes what the constructor takes from `OPENAI_CUSTOM_HEADERS`, for which there is no option. */
class SealedClient extends OpenAI {
  constructor(options: ConstructorParameters<typeof OpenAI>[0]) {
    super(options);
    // oxlint-disable-next-line no-underscore-dangle -- the SDK's own name
    this._options = { ...this._options, defaultHeaders: options?.defaultHeaders };
  }
}
