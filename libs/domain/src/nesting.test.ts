import { expect, test } from "vitest";
import { DEEPEST, isShallow } from "./nesting.ts";

const listOf = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const objectOf = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + "1" + "}".repeat(levels));

test.each([
  ["lists", listOf],
  ["objects", objectOf],
])("%s are shallow up to the limit, and not one level more", (_what, of) => {
  expect(isShallow(of(DEEPEST))).toBe(true);
  expect(isShallow(of(DEEPEST + 1))).toBe(false);
  expect(isShallow([1, { a: of(DEEPEST - 2) }])).toBe(true);
  expect(isShallow([1, { a: of(DEEPEST - 1) }])).toBe(false);
});

test("texts, numbers and null have no depth", () => {
  for (const value of ["[[[[", 1, null, true, undefined]) expect(isShallow(value, 0)).toBe(true);
});

test("a depth that no stack holds is found all the same", () => {
  expect(isShallow(listOf(1_000_000))).toBe(false);
  expect(isShallow(objectOf(200_000))).toBe(false);
});
