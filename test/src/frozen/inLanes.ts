/** Does something with each of these, in order, so many at a time; answers in their order. */
export async function inLanes<T, R>(
  all: readonly T[],
  lanes: number,
  one: (each: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  async function lane(): Promise<void> {
    for (let at = next++; at < all.length; at = next++) results[at] = await one(all[at]!);
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
