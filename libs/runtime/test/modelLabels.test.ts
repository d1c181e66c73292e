import { expect, test } from "vitest";
import { modelLabels } from "../src/metrics/modelLabels.ts";

test("only so many models of a provider get a label of their own, and keep it", () => {
  const labelOf = modelLabels();
  const names = Array.from({ length: 60 }, (_, index) => `m${index}`);
  const first = names.map((name) => labelOf("openai", name));
  expect(new Set(first).size).toBe(41);
  expect(first.slice(0, 40)).toEqual(names.slice(0, 40));
  expect(first.slice(40)).toEqual(names.slice(40).map(() => "other"));
  expect(names.map((name) => labelOf("openai", name))).toEqual(first);
  expect(labelOf("gemini", "m59")).toBe("m59");
});
