import { OpenaiError } from "./openaiError.ts";

/** One page of a list that is already in order, as the API's cursor pages are. */
export function cursorPage<T>(
  items: Iterable<T>,
  limit: number,
  show: (item: T) => { readonly id: string },
): object {
  const data: { readonly id: string }[] = [];
  let more = false;
  for (const item of items) {
    if (data.length === limit) {
      more = true;
      break;
    }
    data.push(show(item));
  }
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: more,
  };
}

/** A `limit` of a list, or the 400 for one that is out of range. */
export function readLimit(value: unknown, usual: number, most: number): number {
  if (value === undefined) return usual;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new OpenaiError(
      400,
      `Invalid 'limit': expected an integer from 1 to ${most}, but got '${JSON.stringify(value)}' instead.`,
      { param: "limit", code: "integer_out_of_range" },
    );
  return limit;
}
