import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { CAN_READ_PEAKS, peakMemoryMib } from "../src/e2e/peakMemory.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, SOURCE, stopped } from "../src/e2e/site.ts";

const ITEMS = 50_000;
/** Generous: it is to show that memory does not grow with the work, which is far larger. */
const MOST_MIB = 400;

function* lines(): Generator<string> {
  const filler = "The quick brown fox jumps over the lazy dog, and tells of it at length. ".repeat(6);
  for (let n = 0; n < ITEMS; n += 1)
    yield `${JSON.stringify({ key: `item-${n}`, prompt: `${filler}Count to ${n}.` })}\n`;
}

test("a request of 50,000 items passes in bounded memory", async () => {
  const rig = await rigOfTest();
  const site = await openSite(rig, {
    pace: { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 },
    answers: { minTokens: 40, maxTokens: 120 },
  });
  const path = join(rig.folder, "large.jsonl");
  await pipeline(Readable.from(lines()), createWriteStream(path));
  expect((await stat(path)).size).toBeGreaterThan(20_000_000);

  const up = await site.up();
  const accepted = await site.granary(
    ...["submit", path, "--id", "large", "--source", SOURCE, "--model", "gpt-4o-mini", "--no-wait"],
  );
  expect(accepted.code, accepted.stderr).toBe(0);
  const large = await site.reaches("large", "ended", 120_000);
  expect(large.counts).toMatchObject({ succeeded: ITEMS });
  await site.settles();
  if (CAN_READ_PEAKS) {
    const peak = peakMemoryMib(up.pid);
    console.log(`peak memory of granary up: ${peak} MiB`);
    expect(peak).toBeLessThan(MOST_MIB);
  } else console.warn("SKIPPED, peak memory: it cannot be read on this system");
  expect((await stopped(up)).code).toBe(0);
  const { findings, report } = await proveSite(site);
  expect(findings).toEqual([]);
  expect(report.checked.outcomes).toBe(ITEMS);
}, 240_000);
