import { ProviderTrouble, type CreateAnswer } from "@granary/domain";
import type { Failure } from "./failure.ts";
import type { Sent } from "./lineChunks.ts";
import type { Redactor } from "./redactor.ts";

type Refused = Extract<CreateAnswer, { type: "refused" }>;

/** What a closed list says about a failure: refused, for what, perhaps with a code of ours. Null is "not on the list". */
export type Refusal = Pick<Refused, "why"> & { readonly code?: string };

const TOO_LARGE = 413;

/** The code of a refusal because the input file is not there (any more): a new upload heals it. */
export const INPUT_FILE_GONE = "input_file_gone";

/**
 * What became of a create that threw, by a provider's closed list. Only what the list calls definite is `refused`;
 * all else is `unknown`, because the job may be there. Shows no secret.
 */
export function failedCreate(
  error: unknown,
  {
    readFailure,
    refusalOf,
    redact,
    sent,
  }: {
    readonly readFailure: (error: unknown) => Failure;
    readonly refusalOf: (failure: Failure) => Refusal | null;
    readonly redact: Redactor;
    /** Lines that travelled in the body. */
    readonly sent?: Sent;
  },
): Exclude<CreateAnswer, { type: "created" }> {
  // A part of the body went out: whatever its source met, it says nothing about the provider.
  if (sent?.broke) {
    const { message } = redact.error(sent.broke.error);
    return { type: "unknown", code: "lines_broke", message: `the lines broke off: ${message}` };
  }
  // It was answered, and nobody can read with what.
  if (error instanceof ProviderTrouble)
    return { type: "unknown", code: error.code, message: redact.text(error.message) };
  const failure = readFailure(error);
  const said = refusalOf(failure);
  // Whoever sent a page has not read the lines, and they are not to be ended for it; that they are too many it can see.
  const isUnread = failure.isPage && failure.status !== TOO_LARGE;
  const refusal = said?.why === "request" && isUnread ? ({ why: "account" } as const) : said;
  const told = { code: redact.text(refusal?.code ?? failure.code), message: redact.text(failure.message) };
  if (!refusal) return { type: "unknown", ...told };
  const { retryAfterMs } = failure;
  return {
    type: "refused",
    why: refusal.why,
    ...told,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
