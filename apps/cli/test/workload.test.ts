import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, asyncProperty, boolean, constantFrom } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { OPENAI_LIMITS } from "@granary/providers";
import { readConfig } from "@granary/runtime";
import { catalogueOf } from "@granary/host";
import { checkWorkload, readItems } from "../src/workload/checkWorkload.ts";
import type { HeaderFlags } from "../src/workload/workloadHeader.ts";
import { scanWorkload, sectionBytes } from "../src/workload/scanWorkload.ts";

const folder = mkdtempSync(join(tmpdir(), "granary-workload-"));
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

function file(text: string, name = "work.jsonl"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");
const check = async (path: string, flags: HeaderFlags = { model: "gpt-4o-mini" }) =>
  checkWorkload(path, flags, catalogue, () => []);
const idsOf = async (path: string, flags?: HeaderFlags) =>
  (await check(path, flags)).sections.map(({ header }) => header.requestId);

const ITEM = { key: "a", prompt: "x" };

describe("scanWorkload", () => {
  test("gives every item to the request line above it, whatever ends the lines", async () => {
    await assert(
      asyncProperty(
        array(constantFrom("header", "item", "blank"), {
          maxLength: 12,
        }),
        constantFrom("\n", "\r\n"),
        boolean(),
        async (kinds, end, terminated) => {
          const lines = kinds.map((kind, at) =>
            kind === "header"
              ? JSON.stringify({ request: { requestId: `r${at + 1}` } })
              : kind === "item"
                ? JSON.stringify({ key: `k${at + 1}`, prompt: "x" })
                : "",
          );
          const path = file(lines.join(end) + (terminated && lines.length > 0 ? end : ""));
          const { sections, faults } = await scanWorkload(path);
          const seen: string[] = [];
          for (const section of sections)
            for await (const { line, item } of readItems(path, section))
              seen.push(`${section.headerLine ?? 0}/${line}/${item?.key}`);
          const wanted: string[] = [];
          let header = 0;
          for (const [at, kind] of kinds.entries()) {
            if (kind === "header") header = at + 1;
            if (kind === "item") wanted.push(`${header}/${at + 1}/k${at + 1}`);
          }
          expect(seen).toEqual(wanted);
          expect(faults).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("hashes the bytes that sectionBytes gives, and those alone", async () => {
    const path = file(jsonLines([{ request: {} }, ITEM, { request: {} }, { ...ITEM, key: "b" }]));
    const { sections } = await scanWorkload(path);
    const texts = await Promise.all(
      sections.map(async (section) =>
        Buffer.concat(await Array.fromAsync(sectionBytes(path, section))).toString(),
      ),
    );
    expect(texts).toEqual([jsonLines([ITEM]), jsonLines([{ ...ITEM, key: "b" }])]);
  });

  test("tells what is wrong with a request line", async () => {
    const { faults } = await scanWorkload(
      file(jsonLines([{ request: 1 }, ITEM, { request: {}, each: 1, more: 2 }])),
    );
    expect(faults.map(({ path }) => path)).toEqual(["line 1.request", "line 3.each", "line 3.more"]);
  });

  test("takes an item that merely speaks of a request for an item", async () => {
    const speaking = { key: "a", prompt: 'say "request"', body: undefined };
    const { sections } = await scanWorkload(file(jsonLines([speaking])));
    expect(sections).toMatchObject([{ headerLine: null, lines: 1 }]);
  });
});

describe("the id of a request without one", () => {
  test("is the file's name and a digest of what is asked, so that a repeat is the same request", async () => {
    const path = file(jsonLines([ITEM]), "my items.jsonl");
    const [id] = await idsOf(path);
    expect(id).toMatch(/^my-items-[0-9a-f]{12}$/);
    expect(await idsOf(path)).toEqual([id]);
    expect(await idsOf(path, { model: "gpt-4o-mini", priority: 5 })).toEqual([id]);
    expect(await idsOf(path, { model: "gpt-4o" })).not.toEqual([id]);
    expect(await idsOf(file(jsonLines([{ ...ITEM, prompt: "y" }]), "my items.jsonl"))).not.toEqual([id]);
  });

  test("is --id, numbered where the file has several requests", async () => {
    const flags = { model: "gpt-4o-mini", id: "night" };
    expect(await idsOf(file(jsonLines([ITEM])), flags)).toEqual(["night"]);
    expect(await idsOf(file(jsonLines([{ request: {} }, ITEM, { request: {} }, ITEM])), flags)).toEqual([
      "night-1",
      "night-2",
    ]);
  });
});

describe("checkWorkload", () => {
  test("lets the request line go before the flags, and fills in what it leaves out", async () => {
    const path = file(jsonLines([{ request: { model: "gpt-4o", metadata: { a: 1 } } }, ITEM]));
    const { sections, faults } = await check(path, {
      model: "gpt-4.1",
      priority: 7,
      metadata: { a: "0", b: "2" },
    });
    expect(faults).toEqual([]);
    expect(sections[0]?.header).toMatchObject({
      source: "cli",
      provider: "openai",
      model: "gpt-4o",
      priority: 7,
      metadata: { a: 1, b: "2" },
    });
  });

  test("finds an id that is used twice in the file", async () => {
    const header = { request: { requestId: "r", model: "gpt-4o-mini" } };
    const { faults } = await check(file(jsonLines([header, ITEM, header, ITEM])));
    expect(faults).toMatchObject([
      { path: "line 3", message: expect.stringContaining("at line 1") as string },
    ]);
  });

  test("tells a fault of the header once, however many requests `each` makes of it", async () => {
    const header = { request: { requestId: "r", model: "gpt-0" }, each: true };
    const { faults } = await check(file(jsonLines([header, ITEM, { ...ITEM, key: "b" }])));
    expect(faults.map(({ path }) => path)).toEqual(["line 1.request.model"]);
  });

  test("tells faults of items also below a header that is no good", async () => {
    const { faults } = await check(file(`${JSON.stringify({ request: { modell: "x" } })}\n{nonsense\n`));
    expect(faults.map(({ path }) => path)).toEqual(["line 1.request", "line 2"]);
  });
});
