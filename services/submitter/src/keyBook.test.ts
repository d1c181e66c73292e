import { systemIds } from "@granary/runtime";
import { array, assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { keyBook } from "./keyBook.ts";

const book = () => keyBook(() => systemIds.sha256());

test("a key is new once, and then known with the number it was first seen at", () => {
  const keys = book();
  expect(keys.see("a", 0)).toBeNull();
  expect(keys.see("b", 1)).toBeNull();
  expect(keys.see("a", 2)).toBe(0);
  expect(keys.see("a", 3)).toBe(0);
  expect(keys.see("b", 4)).toBe(1);
});

test("any sequence of keys is answered as a map would", () => {
  assert(
    property(array(string({ maxLength: 3 }), { maxLength: 500 }), (sequence) => {
      const keys = book();
      const map = new Map<string, number>();
      for (const [number, key] of sequence.entries()) {
        expect(keys.see(key, number)).toBe(map.get(key) ?? null);
        if (!map.has(key)) map.set(key, number);
      }
    }),
  );
});
