import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openRig } from "./rig.ts";
import { openSite, SOURCE } from "./site.ts";
import { peakMemoryMib } from "./peakMemory.ts";
for (const [n, opt] of [[10_000, ""], [50_000, ""], [50_000, "--max-old-space-size=100"], [150_000, "--max-old-space-size=100"]] as const) {
  const rig = await openRig();
  try {
    const site = await openSite(rig, { pace: { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 }, answers: { minTokens: 40, maxTokens: 120 } }, opt ? { NODE_OPTIONS: opt } : {});
    const path = join(rig.folder, "large.jsonl");
    const filler = "The quick brown fox jumps over the lazy dog, and tells of it at length. ".repeat(6);
    await pipeline(Readable.from((function* () { for (let i = 0; i < n; i++) yield JSON.stringify({ key: `item-${i}`, prompt: `${filler}Count to ${i}.` }) + "\n"; })()), createWriteStream(path));
    const up = await site.up();
    const idle = peakMemoryMib(up.pid);
    const t = Date.now();
    const a = await site.granary("submit", path, "--id", "large", "--source", SOURCE, "--model", "gpt-4o-mini", "--no-wait");
    if (a.code) throw new Error(a.stderr);
    const ta = Date.now() - t;
    await site.reaches("large", "ended", 120_000);
    console.log(n, opt, "idle", idle, "peak", peakMemoryMib(up.pid), "accept", ta, "all", Date.now() - t);
  } catch (e) { console.log(n, opt, String(e).slice(0, 600)); } finally { await rig.close(); }
}
