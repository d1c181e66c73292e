import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { peakMemoryMib } from "../src/e2e/peakMemory.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, SOURCE, stopped } from "../src/e2e/site.ts";

const ITEMS = 50_000;
/** What a process, `granary submit` and `granary verify` too, may keep in its heap. */
const MOST_HEAP_MIB = 192;
/** With code, stacks and buffers. Generous: it is to show that memory does not grow with the work. */
const MOST_MIB = 400;

function* lines(): Generator<string> {
  const filler = "The quick brown fox jumps over the lazy dog, and tells of it at length. ".repeat(6);
  for (let n = 0; n < ITEMS; n += 1)
    yield `${JSON.stringify({ key: `item-${n}`, prompt: `${filler}Count to ${n}.` })}\n`;
}

test("a request of 50,000 items passes in bounded memory", async () => {
  const rig = await rigOfTest();
  const site = await openSite(
    rig,
    {
      pace: { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 },
      answers: { minTokens: 40, maxTokens: 120 },
    },
    // What is still in use counts, not what the collector has left lying about: with more than this they die.
    { NODE_OPTIONS: `--max-old-space-size=${MOST_HEAP_MIB}` },
  );
  const path = join(rig.folder, "large.jsonl");
  await pipeline(Readable.from(lines()), createWriteStream(path));
  expect((await stat(path)).size).toBeGreaterThan(20_000_000);

  const up = await site.up();
  const options = ["--id", "large", "--source", SOURCE, "--model", "gpt-4o-mini", "--no-wait"];
  const accepted = await site.granary("submit", path, ...options);
  expect(accepted).toMatchObject({ code: 0 });
  const large = await site.reaches("large", "ended", 120_000);
  expect(large.counts).toMatchObject({ succeeded: ITEMS });
  await site.settles();
  const peak = peakMemoryMib(up.pid);
  console.log(
    peak === null ? "SKIPPED, resident memory: only Linux tells it" : `peak of granary up: ${peak} MiB`,
  );
  expect(peak ?? 0).toBeLessThan(MOST_MIB);
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, report } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(report.checked.outcomes).toBe(ITEMS);
}, 240_000);
