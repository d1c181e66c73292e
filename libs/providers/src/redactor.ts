/** Removes secrets from whatever is told about a failure. */
export interface Redactor {
  text(text: string): string;
  /** The error and its causes, with names, codes and stacks, but with no other field and no secret. */
  error(error: unknown): Error;
}

const KEY_SHAPE = /\b(?:sk|sess|rk)-[A-Za-z0-9_*-]{8,}|\bAIza[A-Za-z0-9_-]{30,}/g;
const HIDDEN = "[redacted]";

/** Hides the given secrets, and everything in the form of a provider's key. */
export function redactor(secrets: readonly string[]): Redactor {
  const longestFirst = secrets.filter((secret) => secret.length > 0).toSorted((a, b) => b.length - a.length);

  function text(original: string): string {
    let clean = original;
    for (const secret of longestFirst) clean = clean.replaceAll(secret, HIDDEN);
    return clean.replace(KEY_SHAPE, HIDDEN);
  }

  function error(original: unknown, depth = 0): Error {
    if (!(original instanceof Error)) return new Error(text(String(original)));
    const cause =
      original.cause !== undefined && depth < 8 ? { cause: error(original.cause, depth + 1) } : undefined;
    const copy = new Error(text(original.message), cause);
    // An SDK's class says more than the name it leaves at "Error".
    copy.name = original.name === "Error" ? original.constructor.name : original.name;
    if (original.stack) copy.stack = text(original.stack);
    const code: unknown = (original as { code?: unknown }).code;
    return typeof code === "string" ? Object.assign(copy, { code: text(code) }) : copy;
  }

  return { text, error: (original) => error(original) };
}
