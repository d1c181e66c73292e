import { z } from "zod";
import type { Clock } from "@granary/domain";
import { networkFailure, type Failure } from "../failure.ts";
import { isHtml } from "../isHtml.ts";
import { retryAfterMs } from "../retryAfter.ts";
import { rpcName } from "./rpcCodes.ts";

/** An answer that says no, as it came: the SDK's own error keeps neither its headers nor the body's form. */
export class GeminiFault extends Error {
  override readonly name = "GeminiFault";
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;

  constructor(status: number, headers: Headers, body: string) {
    super(`HTTP ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** The SDK refused to send a call: nothing has left this process. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}

const detail = z.object({
  "@type": z.string(),
  reason: z.string().nullish().catch(null),
  retryDelay: z.string().nullish().catch(null),
});
/** Source: https://google.aip.dev/193 */
const problem = z.object({
  error: z.object({
    status: z.string().nullish().catch(null),
    code: z.union([z.number(), z.string()]).nullish().catch(null),
    message: z.string().nullish().catch(null),
    details: z.array(detail.nullable().catch(null)).nullish().catch(null),
  }),
});
const problemBody = z.union([problem, z.tuple([problem], problem).transform(([first]) => first)]);

/** Reads an error that a call threw. The reason of a `google.rpc.ErrorInfo` says more than the status, and goes before it. */
export function readFailure(error: unknown, clock: Pick<Clock, "now">): Failure {
  if (error instanceof NotSent)
    return { ...networkFailure(error), status: 400, code: "not_sent", providerCode: "not_sent" };
  if (!(error instanceof GeminiFault)) return networkFailure(error);
  const told = problemBody.safeParse(parseJson(error.body));
  const { status, message, details } = told.success ? told.data.error : {};
  const reason = details?.find((entry) => entry?.["@type"].endsWith("google.rpc.ErrorInfo"))?.reason;
  const providerCode = told.success ? (reason ?? rpcName(status)) : null;
  return {
    status: error.status,
    providerCode,
    code: providerCode ?? String(error.status),
    message: message ?? `HTTP ${error.status}`,
    retryAfterMs:
      retryAfterMs(error.headers, clock.now()) ?? delayMs(details?.map((entry) => entry?.retryDelay)),
    isUnsent: false,
    isPage: isHtml(error.headers),
  };
}

/** `google.rpc.RetryInfo` says it in the body, as `3s` or `1.5s`. */
function delayMs(delays: readonly (string | null | undefined)[] | undefined): number | undefined {
  for (const delay of delays ?? []) {
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(delay ?? "")?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
