import type { Slice } from "./documents.ts";
import { addCosts } from "./outcome.ts";
import type { Carried } from "./task.ts";

/** What slices add up to as the load of one task. */
export function carriedBy(slices: readonly Slice[]): Carried {
  const bySource: Record<string, { lines: number; estimateMicros: number | null }> = {};
  let sums = { lines: 0, bytes: 0, tokens: 0 };
  let estimateMicros: number | null = 0;
  for (const slice of slices) {
    sums = {
      lines: sums.lines + slice.lines,
      bytes: sums.bytes + slice.bytes,
      tokens: sums.tokens + slice.tokens,
    };
    estimateMicros = addCosts(estimateMicros, slice.estimateMicros);
    const part = bySource[slice.source] ?? { lines: 0, estimateMicros: 0 };
    bySource[slice.source] = {
      lines: part.lines + slice.lines,
      estimateMicros: addCosts(part.estimateMicros, slice.estimateMicros),
    };
  }
  const requests = new Set(slices.map(({ request }) => request));
  const [only = null] = requests;
  return {
    ...sums,
    estimateMicros,
    bySource,
    request: requests.size === 1 ? only : null,
    requests: requests.size,
    sliceCount: slices.length,
  };
}
