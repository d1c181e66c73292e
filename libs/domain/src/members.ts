/** Which items of a request a slice carries: a range (first, one past the last), or a list of ordinals. */
export type Members =
  | { readonly from: number; readonly to: number }
  | { readonly ordinals: readonly number[] };

/** The ordinals, ascending. */
export function ordinalsOf(members: Members): readonly number[] {
  if ("ordinals" in members) return members.ordinals;
  return Array.from({ length: members.to - members.from }, (_, index) => members.from + index);
}

/** How many items these are. */
export function sizeOf(members: Members): number {
  return "ordinals" in members ? members.ordinals.length : members.to - members.from;
}

/** The shortest form of ascending ordinals: a range where there is no gap. */
export function membersOf(ordinals: readonly number[]): Members {
  const [first] = ordinals;
  const last = ordinals.at(-1);
  if (first === undefined || last === undefined) return { ordinals: [] };
  return last - first + 1 === ordinals.length ? { from: first, to: last + 1 } : { ordinals };
}
