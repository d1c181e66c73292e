import { expect, test } from "vitest";
import { systemIds } from "./systemIds.ts";

test("nonces differ", () => {
  expect(new Set(Array.from({ length: 1000 }, () => systemIds.nonce())).size).toBe(1000);
});

test("random characters are as many as asked for, of a-z and 2-7, and all of these occur", () => {
  const text = systemIds.random(10_000);
  expect(text).toMatch(/^[a-z2-7]{10000}$/);
  expect(new Set(text).size).toBe(32);
  expect(systemIds.random(20)).not.toBe(systemIds.random(20));
});

test("a hash is SHA-256, however the data is cut", () => {
  // The example of FIPS 180-4: https://csrc.nist.gov/csrc/media/projects/cryptographic-standards-and-guidelines/documents/examples/sha256.pdf
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(systemIds.sha256().update("abc").hex()).toBe(expected);
  expect(systemIds.sha256().update("a").update(Buffer.from("bc")).hex()).toBe(expected);
});
