import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { membersOf, ordinalsOf, sizeOf } from "./members.ts";

const ascending = fc.uniqueArray(fc.nat(200), { maxLength: 50 }).map((all) => all.toSorted((a, b) => a - b));

describe("members", () => {
  it("are a range where there is no gap", () => {
    expect(membersOf([3, 4, 5])).toEqual({ from: 3, to: 6 });
    expect(membersOf([7])).toEqual({ from: 7, to: 8 });
  });

  it("are a list where there is a gap, or nothing", () => {
    expect(membersOf([3, 5])).toEqual({ ordinals: [3, 5] });
    expect(membersOf([])).toEqual({ ordinals: [] });
  });

  it("stand for the ordinals they were made of, and as many", () => {
    fc.assert(
      fc.property(ascending, (ordinals) => {
        expect(ordinalsOf(membersOf(ordinals))).toEqual(ordinals);
        expect(sizeOf(membersOf(ordinals))).toBe(ordinals.length);
      }),
    );
  });

  it("of an empty range are none", () => {
    expect(ordinalsOf({ from: 4, to: 4 })).toEqual([]);
    expect(sizeOf({ from: 4, to: 4 })).toBe(0);
  });
});
