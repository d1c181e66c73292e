import { GeminiError } from "./geminiError.ts";

const MOST = 100;

/** One page of a list that is in order. Sizes above the most are taken for the most; a token names the last of its page. */
export function page<T>(
  all: Iterable<T>,
  nameOf: (item: T) => string,
  asked: { readonly pageSize?: string; readonly pageToken?: string },
  usual: number,
): { readonly items: readonly T[]; readonly nextPageToken: string | null } {
  const size = asked.pageSize === undefined ? usual : Number(asked.pageSize);
  if (!Number.isInteger(size) || size < 0)
    throw new GeminiError("INVALID_ARGUMENT", `Invalid value at 'page_size': ${asked.pageSize}`);
  const most = Math.min(size || usual, MOST);
  const after = asked.pageToken ? Buffer.from(asked.pageToken, "base64url").toString() : null;
  const items: T[] = [];
  let begun = after === null;
  for (const item of all) {
    if (!begun) {
      begun = nameOf(item) === after;
      continue;
    }
    const last = items.at(-1);
    if (items.length === most && last !== undefined)
      return { items, nextPageToken: Buffer.from(nameOf(last)).toString("base64url") };
    items.push(item);
  }
  if (!begun) throw new GeminiError("INVALID_ARGUMENT", "Invalid page token.");
  return { items, nextPageToken: null };
}
