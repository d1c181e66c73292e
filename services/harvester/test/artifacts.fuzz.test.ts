import { memoryArtifacts } from "@granary/artifacts";
import type { Artifacts } from "@granary/domain";
import { ArtifactMissing, childSlice } from "@granary/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { changedBytes, changedJson, fuzzAsync, FUZZ_TEST_MS, jsonText } from "../../../tools/fuzz.ts";
import { readVerdicts } from "../src/applyVerdicts.ts";
import { readLineMap } from "../src/lineMap.ts";
import { answerLine, aJob, aRequest, aSlice, TASK, workOf } from "./documents.ts";
import { openRig, textOf } from "./rig.ts";

const ITEMS = 3;

/** A file whose lines are these, changed or not, in their structure and in their bytes. */
function changedFile(text: string): fc.Arbitrary<Buffer> {
  const rows = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  const changed = fc
    .tuple(fc.nat(rows.length - 1), changedJson(...rows).map(jsonText))
    .map(
      ([at, row]) => `${rows.map((kept, index) => (index === at ? row : JSON.stringify(kept))).join("\n")}\n`,
    );
  return changedBytes(fc.oneof(fc.constant(text), changed));
}

async function* inOne(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function holding(path: string, bytes: Buffer): Promise<Artifacts> {
  const artifacts = memoryArtifacts();
  await artifacts.put(path, inOne(bytes));
  return artifacts;
}

/** What a reading gives; null where it says that the file is not what was written. Nothing else may come of it. */
async function readOrTold<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    expect(error).toBeInstanceOf(ArtifactMissing);
    return null;
  }
}

test(
  "a manifest gives each line one item, or is told to be damaged, whatever became of its bytes",
  async () => {
    const slice = aSlice("rqaaaa", 0, ITEMS);
    const { task, manifest } = workOf([aRequest("rqaaaa", ITEMS)], [slice], aJob("completed"));
    const path = task.manifest?.path ?? "";
    const seen = new Set<boolean>();
    await fuzzAsync(changedFile(manifest), async (bytes) => {
      const artifacts = await holding(path, bytes);
      const map = await readOrTold(async () => readLineMap(artifacts, task, new Map([[slice.id, slice]])));
      seen.add(map !== null);
      if (!map) return;
      expect(map.lines).toBe(ITEMS);
      for (let line = 0; line < ITEMS; line += 1) {
        expect([slice, undefined]).toContain(map.sliceOf(line));
        expect(Number.isInteger(map.ordinalOf(line))).toBe(true);
      }
    });
    expect(seen).toEqual(new Set([true, false]));
  },
  FUZZ_TEST_MS,
);

test(
  "verdicts are rows that can be applied, or are told to be damaged, whatever became of their bytes",
  async () => {
    const rig = await openRig();
    rig.provider.files.set("file_r", `${[0, 1, 2].map((at) => answerLine(at, `answer ${at}`)).join("\n")}\n`);
    rig.provider.job = aJob("completed", {
      files: { results: "file_r" },
      counts: { total: ITEMS, completed: ITEMS, failed: 0 },
    });
    const slice = aSlice("rqaaaa", 0, ITEMS);
    await rig.put(workOf([aRequest("rqaaaa", ITEMS)], [slice], rig.provider.job));
    await rig.turn("harvestTask");
    const { verdicts } = await rig.doc("task", TASK);
    const path = verdicts?.path ?? "";
    const text = await textOf(rig.deps.artifacts.read(path));
    const seen = new Set<boolean>();
    await fuzzAsync(changedFile(text), async (bytes) => {
      const artifacts = await holding(path, bytes);
      const rows = await readOrTold(async () =>
        (await Array.fromAsync(readVerdicts({ artifacts }, { path }))).flat(),
      );
      seen.add(rows !== null);
      if (!rows) return;
      const ordinals = rows.map(({ ordinal }) => ordinal);
      for (const ordinal of ordinals) expect(Number.isSafeInteger(ordinal)).toBe(true);
      if (ordinals.length > 0)
        expect(childSlice(slice, ordinals, { attempts: 1, notBefore: 1, solo: false }).lines).toBe(
          ordinals.length,
        );
    });
    expect(seen).toEqual(new Set([true, false]));
  },
  FUZZ_TEST_MS,
);

test("a task whose manifest was damaged ends nothing, and says why again and again", async () => {
  const rig = await openRig();
  rig.provider.files.set("file_r", `${answerLine(0, "answer 0")}\n`);
  rig.provider.job = aJob("completed", {
    files: { results: "file_r" },
    counts: { total: 1, completed: 1, failed: 0 },
  });
  const work = workOf([aRequest("rqaaaa", 1)], [aSlice("rqaaaa", 0, 1)], rig.provider.job);
  await rig.put({ ...work, manifest: work.manifest.replace('"ordinal":0', '"ordinal":"0"') });
  await rig.turn("harvestTask");
  expect(rig.told).toContain("step failed");
  expect(await rig.doc("task", TASK)).toMatchObject({ state: "harvesting", strikes: 1, verdicts: null });
  expect(await rig.store.outcomes("rqaaaa", { limit: 9 })).toEqual([]);
});
