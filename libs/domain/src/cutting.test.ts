import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleCut, sampleRequest, sampleSlice } from "../test/sampleDocuments.ts";
import type { CutLimits, ItemSize } from "./cutting.ts";
import { childSlice, CUT_LIMITS, cutLimits, cutter, slicesOfCuts } from "./cutting.ts";
import type { Cut } from "./documents.ts";
import { parsePoolKey } from "./ids.ts";
import { ordinalsOf, sizeOf } from "./members.ts";

const LIMITS = { lines: 5, bytes: 100, tokens: 50 };

function sizeWith(with_: Partial<ItemSize> = {}): ItemSize {
  return { bytes: 10, tokens: 5, estimateMicros: 1, systemKey: "", offset: 0, length: 0, ...with_ };
}

function cutAll(sizes: readonly ItemSize[], limits = LIMITS): Cut[] {
  const cutting = cutter(limits);
  return [...sizes.map((size) => cutting.add(size)), cutting.end()].filter((cut) => cut !== null);
}

function within({ lines, bytes, tokens }: CutLimits): boolean {
  return lines <= LIMITS.lines && bytes <= LIMITS.bytes && tokens <= LIMITS.tokens;
}

const anySize = fc.record({
  bytes: fc.integer({ min: 1, max: 120 }),
  tokens: fc.integer({ min: 0, max: 60 }),
  estimateMicros: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 8 }),
  systemKey: fc.constantFrom("", "a", "b"),
  length: fc.integer({ min: 1, max: 99 }),
});
/** Sizes that lie one after another in an artifact. */
const anySizes = fc.array(anySize, { maxLength: 60 }).map((sizes) => {
  let offset = 0;
  return sizes.map((size) => ({ ...size, offset: (offset += size.length) - size.length }));
});

describe("cutter", () => {
  it("gives no cut where there is no item", () => {
    expect(cutAll([])).toEqual([]);
  });

  it("gives a cut when the next item no longer fits, and the rest at the end", () => {
    const cutting = cutter(LIMITS);
    for (let item = 0; item < 5; item++) expect(cutting.add(sizeWith())).toBeNull();
    expect(cutting.add(sizeWith())).toMatchObject({ part: 0, from: 0, to: 5, bytes: 50, tokens: 25 });
    expect(cutting.end()).toMatchObject({ part: 1, from: 5, to: 6 });
    expect(cutting.end()).toBeNull();
  });

  it.each([
    ["lines", Array.from({ length: 6 }, () => sizeWith({ bytes: 1, tokens: 1 })), 5],
    ["bytes", Array.from({ length: 3 }, () => sizeWith({ bytes: 50, tokens: 1 })), 2],
    ["tokens", Array.from({ length: 3 }, () => sizeWith({ bytes: 1, tokens: 25 })), 2],
  ])("cuts at the limit of %s", (_limit, sizes, to) => {
    expect(cutAll(sizes).map((cut) => [cut.from, cut.to])).toEqual([
      [0, to],
      [to, sizes.length],
    ]);
  });

  it("gives an item that is over the limits by itself a cut of its own", () => {
    const cuts = cutAll([sizeWith(), sizeWith({ bytes: 101 }), sizeWith()]);
    expect(cuts.map(({ from, to, bytes }) => [from, to, bytes])).toEqual([
      [0, 1, 10],
      [1, 2, 101],
      [2, 3, 10],
    ]);
  });

  it("knows no estimate where one item has none", () => {
    expect(cutAll([sizeWith(), sizeWith({ estimateMicros: null })])).toMatchObject([
      { estimateMicros: null },
    ]);
    expect(cutAll([sizeWith(), sizeWith()])).toMatchObject([{ estimateMicros: 2 }]);
  });

  it("names the place of the items in the artifact", () => {
    const cuts = cutAll([
      sizeWith({ offset: 0, length: 30 }),
      sizeWith({ offset: 30, length: 12 }),
      sizeWith({ offset: 42, length: 8, bytes: 99 }),
    ]);
    expect(cuts.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 42],
      [42, 8],
    ]);
  });

  it("bears the key of its first item", () => {
    expect(cutAll([sizeWith({ systemKey: "a" }), sizeWith({ systemKey: "b" })])).toMatchObject([
      { systemKey: "a" },
    ]);
  });

  it("holds every item once, in order, within the limits, and leaves no room for the next", () => {
    fc.assert(
      fc.property(anySizes, (sizes) => {
        const cuts = cutAll(sizes);
        expect(cuts.flatMap(ordinalsOf)).toEqual(sizes.map((_, ordinal) => ordinal));
        expect(cuts.map(({ part }) => part)).toEqual(cuts.map((_, part) => part));
        for (const cut of cuts) {
          const own = sizes.slice(cut.from, cut.to);
          const bytes = own.reduce((sum, size) => sum + size.bytes, 0);
          const tokens = own.reduce((sum, size) => sum + size.tokens, 0);
          expect(cut).toMatchObject({ bytes, tokens, offset: own[0]?.offset });
          expect(cut.length).toBe(own.reduce((sum, size) => sum + size.length, 0));
          const next = sizes[cut.to];
          const size = { lines: own.length, bytes, tokens };
          expect(own.length === 1 || within(size)).toBe(true);
          expect(
            next &&
              within({ lines: own.length + 1, bytes: bytes + next.bytes, tokens: tokens + next.tokens }),
          ).not.toBe(true);
        }
      }),
    );
  });
});

describe("cutLimits", () => {
  it("is CUT_LIMITS for large jobs", () => {
    expect(cutLimits({ lines: 50_000, bytes: 200e6, lineBytes: 1e6, tokens: 90e6 })).toEqual(CUT_LIMITS);
  });

  it("is no more than a job holds, and a share of its tokens", () => {
    expect(cutLimits({ lines: 20, bytes: 999, lineBytes: 99, tokens: 81 })).toEqual({
      lines: 20,
      bytes: 999,
      tokens: 11,
    });
  });
});

const poolOf = (isolate: boolean): unknown =>
  slicesOfCuts(sampleRequest({ isolate })).map((slice) => parsePoolKey(slice.poolKey));

describe("slicesOfCuts", () => {
  it("makes one pending slice of each cut", () => {
    const request = sampleRequest({
      priority: 7,
      deadlineAt: 9_999,
      cuts: [sampleCut(), sampleCut({ part: 1, from: 10, to: 13, bytes: 300, tokens: 30, systemKey: "a" })],
    });
    const [first, second] = slicesOfCuts(request);
    expect(first).toEqual(sampleSlice({ id: "rqaaaa.000000.000", priority: 7, deadlineAt: 9_999 }));
    expect(second).toEqual(
      sampleSlice({
        id: "rqaaaa.000001.000",
        priority: 7,
        deadlineAt: 9_999,
        members: { from: 10, to: 13 },
        lines: 3,
        bytes: 300,
        tokens: 30,
        systemKey: "a",
      }),
    );
  });

  it("names the source in the pool only where the request asks for isolation", () => {
    expect(poolOf(false)).toEqual([expect.not.objectContaining({ source: "crm" })]);
    expect(poolOf(true)).toEqual([expect.objectContaining({ source: "crm" })]);
  });
});

describe("childSlice", () => {
  const parent = sampleSlice({
    state: "harvesting",
    taskId: "grtest-a",
    cutBy: "timeout",
    endedBy: "cancelled",
    costMicros: 3,
  });

  it("is the next generation, with its share of the parent, and none of its fate", () => {
    expect(childSlice(parent, [2, 5, 6], { attempts: 1, notBefore: 5_000 })).toEqual(
      sampleSlice({
        id: "rqaaaa.000000.001",
        members: { ordinals: [2, 5, 6] },
        attempts: 1,
        notBefore: 5_000,
        lines: 3,
        tokens: 30,
        estimateMicros: 15,
      }),
    );
  });

  it("rounds its share up, and knows no estimate where the parent has none", () => {
    const odd = sampleSlice({ lines: 3, members: { from: 0, to: 3 }, tokens: 10, estimateMicros: null });
    expect(childSlice(odd, [1], { attempts: 1, notBefore: 0 })).toMatchObject({
      tokens: 4,
      estimateMicros: null,
      members: { from: 1, to: 2 },
    });
  });

  it("travels apart once it was asked to, and so do its own children", () => {
    const isolated = sampleSlice({
      poolKey: slicesOfCuts(sampleRequest({ isolate: true }))[0]?.poolKey ?? "",
    });
    const child = childSlice(isolated, [0, 1], { attempts: 0, notBefore: 0, solo: true });
    const grandchild = childSlice(child, [1], { attempts: 1, notBefore: 0 });
    for (const slice of [child, grandchild])
      expect(parsePoolKey(slice.poolKey)).toMatchObject({ solo: "rqaaaa", source: "crm" });
    expect(parsePoolKey(isolated.poolKey)).not.toHaveProperty("solo");
  });

  it("never asks for more than its parent, and for all of it with all its items", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 9 }), (tokens, count) => {
        const from = sampleSlice({ tokens });
        const child = childSlice(from, ordinalsOf({ from: 0, to: count }), { attempts: 1, notBefore: 0 });
        expect(child.tokens).toBeLessThanOrEqual(tokens);
        expect(sizeOf(child.members)).toBe(child.lines);
        const all = childSlice(from, ordinalsOf(from.members), { attempts: 1, notBefore: 0 });
        expect(all.tokens).toBe(tokens);
      }),
    );
  });
});
