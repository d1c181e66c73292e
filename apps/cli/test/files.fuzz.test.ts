import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "@granary/domain";
import * as fc from "fast-check";
import { catalogueOf } from "@granary/host";
import { OPENAI_LIMITS } from "@granary/providers";
import { readConfig } from "@granary/runtime";
import { afterAll, expect, test } from "vitest";
import { changedBytes, changedJson, fuzzAsync, FUZZ_TEST_MS, jsonText } from "../../../tools/fuzz.ts";
import { Failure } from "../src/failure.ts";
import { checkWorkload } from "../src/workload/checkWorkload.ts";
import { scanScript } from "../src/workload/scriptFile.ts";

const folder = mkdtempSync(join(tmpdir(), "granary-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const catalogue = catalogueOf(
  readConfig({
    env: {},
    readFile: () => "",
    reader: "embedded",
    isolated: true,
    jobLimits: { openai: OPENAI_LIMITS },
  }),
);

const MESSAGES = [{ role: "user", content: "Hi" }];

/** Files of a few lines, each a sample that was changed or not, whose bytes were changed or not. */
function files(...samples: readonly object[]): fc.Arbitrary<Buffer> {
  const line = fc.oneof(fc.constantFrom(...samples), changedJson(...samples)).map(jsonText);
  const text = fc
    .tuple(fc.array(line, { maxLength: 5 }), fc.constantFrom("\n", "\r\n", "\n\n"))
    .map(([lines, end]) => lines.join(end));
  return changedBytes(text);
}

/** The file's place and name, once it lies there. */
function written(bytes: Buffer): string {
  const path = join(folder, "given.jsonl");
  writeFileSync(path, bytes);
  return path;
}

function expectTold(faults: readonly Fault[]): void {
  for (const { path, message } of faults) {
    expect([path, message]).not.toContain("");
    expect(() => JSON.stringify({ path, message })).not.toThrow();
  }
}

test(
  "a workload file is taken, or its faults are told with their places, whatever lies in it",
  async () => {
    const given = files(
      { request: { requestId: "texts", model: "gpt-4o-mini", metadata: { batch: 7 }, deadline: "2h" } },
      { request: { requestId: "mail", model: "gpt-4o-mini" }, each: true },
      { key: "a", prompt: "x" },
      { key: "b", system: "s", messages: MESSAGES, params: { temperature: 1 } },
      { key: "c", body: { model: "gpt-4o-mini", messages: MESSAGES } },
    );
    const seen = new Set<boolean>();
    await fuzzAsync(given, async (bytes) => {
      const { faults, sections } = await checkWorkload(
        written(bytes),
        { model: "gpt-4o-mini" },
        catalogue,
        () => [],
      );
      expectTold(faults);
      for (const { header } of sections) expect(header.requestId).not.toBe("");
      seen.add(faults.length === 0);
    });
    expect(seen).toEqual(new Set([true, false]));
  },
  FUZZ_TEST_MS,
);

test(
  "a script's input file becomes items in their lines, or is told to be none, whatever lies in it",
  async () => {
    const given = files(
      {
        custom_id: "a",
        method: "POST",
        url: "/v1/chat/completions",
        body: { model: "gpt-4o-mini", messages: MESSAGES, response_format: { type: "json_object" } },
      },
      { key: "b", request: { contents: [{ parts: [{ text: "Hi" }] }] } },
      { custom_id: "c", params: { model: "claude-haiku-4-5", max_tokens: 9, messages: MESSAGES } },
    );
    const seen = new Set<string>();
    await fuzzAsync(fc.tuple(given, fc.boolean()), async ([bytes, isTyped]) => {
      const path = written(bytes);
      try {
        const script = await scanScript(path, isTyped);
        expectTold(script.faults);
        seen.add(script.faults.length === 0 ? "taken" : "told");
        if (script.faults.length > 0) return;
        const [chunks, items] = [await Array.fromAsync(script.itemBytes()), await script.items()];
        expect(Buffer.concat(chunks).byteLength).toBe(script.bytes);
        expect(items.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        expect(error.message).not.toBe("");
        expectTold(error.faults);
        seen.add("failed");
      }
    });
    expect([...seen].toSorted()).toEqual(["failed", "taken", "told"]);
  },
  FUZZ_TEST_MS,
);
