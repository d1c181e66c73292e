import { AsyncLocalStorage } from "node:async_hooks";
import { GoogleGenAI } from "@google/genai";
import { isHtml } from "../isHtml.ts";
import { A_PAGE, unreadable } from "../readAnswer.ts";
import { GeminiFault, NotSent } from "./geminiFault.ts";

export interface GeminiAccount {
  readonly apiKey: string;
  /** Where the API lies, without its version, such as `https://generativelanguage.googleapis.com`, which is taken where none is given. */
  readonly baseUrl?: string;
  /** Version of the API in its paths: `v1` where none is given. */
  readonly apiVersion?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an account without a base URL lies. */
export const GEMINI_BASE_URL = "https://generativelanguage.googleapis.com";
const API_VERSION = "v1";

type Send = typeof fetch;

/** The official client for one account, whose answers are read as they came. */
export interface GeminiClient {
  /**
   * Makes one call, and gives the text of its answer. `body` replaces what the SDK would send. Throws GeminiFault
   * where the answer says no, NotSent where the SDK refused to send, the network's error where there was none.
   */
  readonly text: (
    signal: AbortSignal,
    call: (sdk: GoogleGenAI) => Promise<unknown>,
    body?: (ofSdk: string) => AsyncIterable<Uint8Array>,
  ) => Promise<string>;
  /** Makes the calls of an upload, whose answers the SDK reads itself. Throws the same. */
  readonly upload: <T>(signal: AbortSignal, calls: (sdk: GoogleGenAI) => Promise<T>) => Promise<T>;
  /** Begins to fetch a file: the SDK would write it to a path. Throws the same. */
  readonly file: (fileId: string, signal: AbortSignal) => Promise<Response>;
}

/**
 * Nothing but what the account says: the SDK would fill gaps from the environment (key, base URL, version, cloud).
 * It builds the requests; the answers are taken from it before it reads them, because it leaves out the counts, the
 * errors and the headers, and turns whatever it cannot read into an empty page. Nothing is repeated and no
 * redirect is followed, which would send a create twice, or the key to somebody else. Throws where the account can
 * never work; the error does not show the key.
 */
export function geminiClient({
  apiKey,
  baseUrl = GEMINI_BASE_URL,
  apiVersion = API_VERSION,
  headers = {},
}: GeminiAccount): GeminiClient {
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new TypeError("the API key is empty, or has characters that no header can carry");
  if (apiKey.startsWith("auth_tokens/"))
    throw new TypeError(
      "the API key is a token for live sessions, which batches do not take: use an API key",
    );
  if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? ""))
    throw new TypeError(`${JSON.stringify(baseUrl)} is no base URL: it must begin with http:// or https://`);
  // An upload makes several calls and passes no option on to them: the context says which `fetch` is meant.
  const sending = new AsyncLocalStorage<Send>();
  const sdk = new GoogleGenAI({
    vertexai: false,
    apiKey,
    apiVersion,
    httpOptions: {
      baseUrl,
      headers: { ...headers },
      fetch: (input, init) => {
        const send = sending.getStore();
        if (!send) throw new NotSent("a call outside of its context");
        return send(input as string, init);
      },
    },
  });

  return {
    async text(signal, call, body) {
      let isSent = false;
      let text = "";
      const send: Send = async (input, init) => {
        const ofSdk = typeof init?.body === "string" ? init.body : "";
        const rewritten = body && { body: body(ofSdk), duplex: "half" as const };
        isSent = true;
        const response = await fetch(input, { ...init, ...rewritten, signal, redirect: "manual" });
        text = await textOf(response);
        return Response.json({});
      };
      try {
        await sending.run(send, () => call(sdk));
      } catch (error) {
        throw isSent ? error : new NotSent((error as Error).message, { cause: error });
      }
      return text;
    },

    upload: (signal, calls) =>
      sending.run(
        async (input, init) => {
          const response = await fetch(input, { ...init, signal, redirect: "manual" });
          if (!response.ok) await textOf(response);
          return response;
        },
        () => calls(sdk),
      ),

    async file(fileId, signal) {
      const root = `${baseUrl.replace(/\/$/, "")}/${apiVersion}`;
      const name = encodeURIComponent(fileId.replace(/^files\//, ""));
      const response = await fetch(`${root}/files/${name}:download?alt=media`, {
        headers: { ...headers, "x-goog-api-key": apiKey, "accept-encoding": "identity" },
        signal,
        redirect: "manual",
      });
      if (!response.ok) await textOf(response);
      return response;
    },
  };
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  // Of some answers nothing but their coming is read.
  if (response.ok && isHtml(response.headers)) throw unreadable(A_PAGE);
  if (response.ok) return text;
  throw new GeminiFault(response.status, response.headers, text);
}
