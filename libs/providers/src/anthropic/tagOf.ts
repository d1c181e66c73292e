import type { DecodedLine } from "@granary/domain";

/**
 * The tag that a result line carries: its custom id up to the last hyphen, behind which stands the line's number.
 * Null where it has none. It is the only place where a message batch shows whose it is.
 */
export function tagOf({ customId }: DecodedLine): string | null {
  const end = customId?.lastIndexOf("-") ?? -1;
  return end > 0 ? (customId?.slice(0, end) ?? null) : null;
}
