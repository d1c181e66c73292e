/**
 * Fuzzing of whatever reads foreign bytes: true samples that are changed, in their structure and in their bytes, and
 * bounds within which each case has to end. A failure names its seed; `GRANARY_FUZZ_SEED` repeats it, and
 * `GRANARY_FUZZ_SECONDS` lets every test look for longer.
 */
import { createContext, Script } from "node:vm";
import * as fc from "fast-check";

/** How long one case may take. Usual ones take microseconds: this is where waiting ends. */
const CASE_MS = 5_000;
const SECONDS = Number(process.env["GRANARY_FUZZ_SECONDS"] ?? 2);
const SEED = process.env["GRANARY_FUZZ_SEED"];

/** How long a test of vitest that fuzzes may take. */
export const FUZZ_TEST_MS = SECONDS * 1_000 + 4 * CASE_MS;

const HOSTILE = [
  "",
  "\0",
  "\uFEFF",
  "\uD800",
  "\uDFFFx",
  "\u2028\r\n",
  "__proto__",
  "constructor",
  "toString",
  "../../etc/passwd",
  "%2e%2e%2f",
  "1e999",
  "-0",
  "9".repeat(400),
  "x".repeat(20_000),
  "💣".repeat(300),
  "${7*7}",
  "2026-02-30T25:61:61Z",
];

/** Texts that readers stumble over. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 30 }),
);

const HOSTILE_NUMBERS = [0, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 64, 1e21, 1e308, -1e308, 5e-324, 8.64e15 + 1];

/** Values that stand where another kind was expected; some lie deeper than any stack reaches. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...HOSTILE_NUMBERS, null, true, false) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("[]", "{}", "[[]]", '{"a":{}}', '{"__proto__":{"id":"x"}}').map(parsed),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(130, 2_000, 50_000).map((levels) => deep(levels)) },
);

function parsed(text: string): unknown {
  return JSON.parse(text);
}

/** Lists in lists. */
export function deep(levels: number): unknown {
  return parsed("[".repeat(levels) + "]".repeat(levels));
}

type Change = (holder: Record<string, unknown>, name: string) => void;

const change: fc.Arbitrary<Change> = fc.oneof(
  hostileValue.map(
    (value): Change =>
      (holder, name) =>
        put(holder, name, value),
  ),
  fc.constant<Change>(take),
  hostileText.map(
    (other): Change =>
      (holder, name) =>
        put(holder, other, holder[name]),
  ),
  fc.constant<Change>((holder, name) => put(holder, name, [holder[name], holder[name]])),
  fc.constant<Change>((holder, name) => put(holder, name, typeof holder[name])),
);

function take(holder: Record<string, unknown>, name: string): void {
  if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
}

/** Own members only, also for `__proto__`, as JSON.parse makes them. */
function put(holder: Record<string, unknown>, name: string, value: unknown): void {
  if (Array.isArray(holder) && !/^\d{1,4}$/.test(name)) return;
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The samples with some of their members replaced, renamed, doubled or gone. */
export function changedJson(...samples: readonly unknown[]): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.nat(), change), { maxLength: 3 });
  return fc.tuple(fc.constantFrom(...samples), changes).map(([sample, steps]) => {
    const value: unknown = structuredClone(sample);
    for (const [at, step] of steps) {
      const places = placesIn(value);
      const place = places[at % Math.max(1, places.length)];
      if (place) step(place.holder, place.name);
    }
    return value;
  });
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

function placesIn(value: unknown): readonly Place[] {
  const places: Place[] = [];
  const open: unknown[] = [value];
  for (let at = open.pop(); open.length > 0 || at !== undefined; at = open.pop()) {
    if (typeof at !== "object" || at === null) continue;
    const holder = at as Record<string, unknown>;
    for (const name of Object.keys(holder)) {
      places.push({ holder, name });
      if (places.length < 2_000) open.push(holder[name]);
    }
  }
  return places;
}

/** JSON text of any depth, which JSON.stringify cannot write. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return textOf(value);
  }
}

/** Writes without a stack of its own: closing texts wait between the values. */
function textOf(value: unknown): string {
  const written: string[] = [];
  const open: { readonly text?: string; readonly value?: unknown }[] = [{ value }];
  for (let at = open.pop(); at; at = open.pop()) {
    if (at.text !== undefined) written.push(at.text);
    else if (typeof at.value !== "object" || at.value === null)
      written.push(JSON.stringify(at.value) ?? "null");
    else {
      const isList = Array.isArray(at.value);
      const parts = Object.entries(at.value).flatMap(([name, child], index) => [
        { text: `${index > 0 ? "," : ""}${isList ? "" : `${JSON.stringify(name)}:`}` },
        { value: child as unknown },
      ]);
      written.push(isList ? "[" : "{");
      open.push({ text: isList ? "]" : "}" }, ...parts.toReversed());
    }
  }
  return written.join("");
}

const PIECES = [
  "\0",
  "\uFEFF",
  "\r",
  "\n",
  "\r\n",
  "{",
  "}",
  "[",
  '"',
  "\\",
  ",",
  ":",
  '"__proto__":{"a":1},',
  '"id":7,',
];

type Cut = (bytes: Buffer) => Buffer;

const range = fc.tuple(fc.nat(), fc.nat({ max: 400 }));

const cut: fc.Arbitrary<Cut> = fc.oneof(
  fc.nat().map(
    (at): Cut =>
      (bytes) =>
        bytes.subarray(0, at % (bytes.length + 1)),
  ),
  range.map(([at, length]): Cut => (bytes) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  }),
  range.map(([at, length]): Cut => (bytes) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from + length), bytes.subarray(from)]);
  }),
  fc
    .tuple(
      fc.nat(),
      fc.oneof(
        fc.constantFrom(...PIECES).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
        fc.constantFrom("[", '{"a":').map((text) => Buffer.from(text.repeat(5_000))),
      ),
    )
    .map(([at, piece]): Cut => (bytes) => {
      const from = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)]);
    }),
);

/** The texts with bytes cut out, doubled and put in between; some are whole. */
export function changedBytes(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(text, fc.array(cut, { maxLength: 2 }))
    .map(([whole, cuts]) => cuts.reduce<Buffer>((bytes, one) => one(bytes), Buffer.from(whole)));
}

const context = createContext({ run: null });
const script = new Script("run()");

const BOUNDS = {
  numRuns: 1_000_000,
  interruptAfterTimeLimit: SECONDS * 1_000,
  markInterruptAsFailure: false,
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
};

/** Runs a check on case after case for some seconds: it must not throw, and each has to end in time. */
export function fuzz<T>(cases: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(
    fc.property(cases, (value) => {
      context["run"] = () => check(value);
      try {
        script.runInContext(context, { timeout: CASE_MS });
      } catch (error) {
        throw failedCase(value, error);
      }
    }),
    BOUNDS,
  );
}

/** The same for a check that waits. One that never comes back is stopped by nobody else than vitest. */
export async function fuzzAsync<T>(
  cases: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(cases, async (value) => {
      const startedAt = performance.now();
      try {
        await check(value);
      } catch (error) {
        throw failedCase(value, error);
      }
      const tookMs = performance.now() - startedAt;
      if (tookMs > CASE_MS) throw new Error(`a case took ${Math.round(tookMs)} ms`);
    }),
    BOUNDS,
  );
}

/** Bytes as a person can read them, cut short. */
function failedCase(value: unknown, cause: unknown): Error {
  const text = Buffer.isBuffer(value) ? value.toString("latin1") : jsonText(value);
  return new Error(`${String(cause)} with ${JSON.stringify(text.slice(0, 1_000))}`, { cause });
}
