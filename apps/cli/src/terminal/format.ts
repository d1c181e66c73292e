/** Micro-dollars as dollars; `unknown` where the price is not known. */
export function money(micros: number | null): string {
  if (micros === null) return "unknown";
  return `$${(micros / 1e6).toFixed(micros !== 0 && Math.abs(micros) < 10_000 ? 6 : 2)}`;
}

/** A whole number with thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Milliseconds in the two largest units that say something. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Bytes in the unit that fits. */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let rest = value / 1024;
  let unit = 0;
  for (; rest >= 1024 && unit < units.length - 1; unit += 1) rest /= 1024;
  return `${rest.toFixed(1)} ${units[unit]}`;
}

/** An instant to the second, UTC; `-` where there is none. */
export function instant(at: number | null): string {
  return at === null ? "-" : new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}
