import { expect, test } from "vitest";
import { memoryArtifacts } from "../src/memoryArtifacts.ts";
import { chunks, listed, testArtifacts, textOf } from "./contract.ts";

testArtifacts("memory", async () => memoryArtifacts());

test("memory settles before anything but microtasks has run", async () => {
  const artifacts = memoryArtifacts();
  let turned = false;
  setImmediate(() => (turned = true));
  await artifacts.put("a/b", chunks("x", "y"));
  expect(await textOf(artifacts.read("a/b"))).toBe("xy");
  expect(await listed(artifacts, "")).toEqual(["a/b"]);
  expect(await artifacts.remove("a/b")).toBe(true);
  expect(turned).toBe(false);
});

test("what a reader does to its bytes leaves the file as it is", async () => {
  const artifacts = memoryArtifacts();
  await artifacts.put("a", chunks("abc"));
  for await (const chunk of artifacts.read("a")) chunk.fill(0);
  expect(await textOf(artifacts.read("a"))).toBe("abc");
});
