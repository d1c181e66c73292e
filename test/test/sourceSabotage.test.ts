import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scratchCopy } from "../src/sabotage/scratchCopy.ts";
import { SOURCE_SABOTAGES } from "../src/sabotage/sourceSabotages.ts";
import { trySource } from "../src/sabotage/trySource.ts";
import { withoutGuard } from "../src/sabotage/withoutGuard.ts";

let copy: string;
beforeAll(() => {
  copy = scratchCopy();
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(SOURCE_SABOTAGES)(
  "without its guard ($name) a test finds: $without",
  { timeout: 120_000 },
  async (sabotage) => {
    expect(await trySource(copy, sabotage)).toMatchObject({ caught: true });
  },
);

test("a sabotage whose text is gone, or is there twice, is a fault of its own", async () => {
  const removal = { file: "libs/domain/src/clock.ts", replace: "" };
  const gone = withoutGuard(copy, { ...removal, find: "no such text" }, async () => {});
  await expect(gone).rejects.toThrow("libs/domain/src/clock.ts has the text to sabotage 0 times");
  const twice = withoutGuard(copy, { ...removal, find: "/**" }, async () => {});
  await expect(twice).rejects.toThrow(/has the text to sabotage \d+ times/);
});
