const HEADER_MS = "retry-after-ms";
const HEADER = "retry-after";
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * How long a provider asks us to wait, in milliseconds: `retry-after-ms`, `retry-after` (seconds or a date), or
 * the reset time of whichever rate limit has nothing left. Undefined where it says nothing that can be read.
 * At most a day. Source: https://developers.openai.com/api/docs/guides/rate-limits
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const milliseconds = number(headers.get(HEADER_MS));
  if (milliseconds !== undefined) return bounded(milliseconds);
  const after = headers.get(HEADER);
  if (after) {
    const seconds = number(after);
    if (seconds !== undefined) return bounded(seconds * 1000);
    const date = Date.parse(after);
    if (Number.isFinite(date)) return bounded(date - now);
  }
  const resets = ["requests", "tokens"].flatMap((what) => {
    if (headers.get(`x-ratelimit-remaining-${what}`) !== "0") return [];
    const reset = durationMs(headers.get(`x-ratelimit-reset-${what}`));
    return reset === undefined ? [] : [reset];
  });
  return resets.length > 0 ? bounded(Math.max(...resets)) : undefined;
}

function number(text: string | null): number | undefined {
  if (text === null || !/^\s*\d+(?:\.\d+)?\s*$/.test(text)) return undefined;
  return Number(text);
}

function bounded(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), LONGEST_MS);
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a duration such as `20ms`, `1.5s` or `6m0s`. */
function durationMs(text: string | null): number | undefined {
  if (!text || !/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    total += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return total;
}
