/** Forms of providers' keys: OpenAI's and Anthropic's, Google's, and whatever is sent as a bearer. */
const SHAPES: readonly { readonly name: string; readonly shape: RegExp }[] = [
  { name: "sk-", shape: /(?<![A-Za-z0-9_])sk-[A-Za-z0-9_-]{20,}/g },
  { name: "AIza", shape: /(?<![A-Za-z0-9_])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  { name: "Bearer", shape: /(?<![A-Za-z0-9_])Bearer\s{1,4}[A-Za-z0-9._~+/-]{20,}=*/gi },
];
/** Longer than any key: what of a chunk is looked at again with the next one. */
const OVERLAP = 512;
const SEEDS: readonly string[] = ["sk-", "AIza", "earer "];

/** The kind of key a text holds, and how it begins; null where it holds none. Words are no keys: a key has digits and both cases. */
export function keyIn(text: string): string | null {
  if (!SEEDS.some((seed) => text.includes(seed))) return null;
  for (const { name, shape } of SHAPES)
    for (const [match] of text.matchAll(shape))
      if (/[0-9]/.test(match) && /[a-z]/.test(match) && /[A-Z]/.test(match.replace(/^bearer/i, "")))
        return `${name} (${match.slice(0, name.length + 3)}…)`;
  return null;
}

/** Looks for keys in a file as it passes by; answers the first kind it met in these bytes. */
export function keyScanner(): (chunk: Uint8Array) => string | null {
  let tail = Buffer.alloc(0);
  return (chunk) => {
    const bytes = tail.length > 0 ? Buffer.concat([tail, chunk]) : Buffer.from(chunk);
    tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - OVERLAP)));
    return SEEDS.some((seed) => bytes.includes(seed)) ? keyIn(bytes.toString("latin1")) : null;
  };
}
