import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import { scanScript } from "../src/workload/scriptFile.ts";
import { scratch } from "./scratch.ts";

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());

const MESSAGES = [{ role: "user", content: "Hi" }];
const chat = (id: string, body: object = {}): object => ({
  custom_id: id,
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "gpt-4o-mini", messages: MESSAGES, ...body },
});

const scan = async (content: string | readonly unknown[], isTyped = false) =>
  scanScript(join(here.folder, here.write("script.jsonl", content)), isTyped);

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}

describe("a script's input file", () => {
  test.each([
    [
      "openai",
      chat("a"),
      "/v1/chat/completions",
      "gpt-4o-mini",
      { model: "gpt-4o-mini", messages: MESSAGES },
    ],
    ["gemini", { key: "a", request: { contents: [] } }, null, null, { contents: [] }],
    [
      "anthropic",
      { custom_id: "a", params: { model: "claude-haiku-4-5", max_tokens: 9, messages: MESSAGES } },
      null,
      "claude-haiku-4-5",
      { model: "claude-haiku-4-5", max_tokens: 9, messages: MESSAGES },
    ],
  ])(
    "of %s is known by its lines, and says what they name",
    async (provider, line, endpoint, model, body) => {
      const script = await scan([line]);
      expect(script).toMatchObject({ provider, endpoint, model, faults: [] });
      expect(await script.items()).toEqual([{ key: "a", body }]);
    },
  );

  test("gives each item in the line in which it stands, whatever the line ends and blank lines", async () => {
    const lines = ["\uFEFF", JSON.stringify(chat("a")), "\r\n", "  \n\n", JSON.stringify(chat("b"))];
    const script = await scan(lines.join(""));
    const bytes = await bytesOf(script.itemBytes());
    expect(
      bytes
        .toString()
        .split("\n")
        .map((line) => (line === "" ? "" : (JSON.parse(line) as { key: string }).key)),
    ).toEqual(["a", "", "", "b", ""]);
    expect(bytes.byteLength).toBe(script.bytes);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(script.sha256);
    expect((await script.items()).map(({ key }) => key)).toEqual(["a", "b"]);
  });

  test("whose answers' form is asked for beside it has it taken out of every request, and nothing else", async () => {
    const lines = [
      chat("a", { response_format: { type: "json_object" }, temperature: 0 }),
      chat("b", { text: { format: { type: "json_schema" }, verbosity: "low" } }),
      chat("c", { output_config: { format: {} } }),
      chat("d", { generationConfig: { responseMimeType: "x", responseJsonSchema: {}, seed: 1 } }),
    ];
    const [a, b, c, d] = (await (await scan(lines, true)).items()).map(({ body }) => body);
    const plain = { model: "gpt-4o-mini", messages: MESSAGES };
    expect([a, b, c, d]).toEqual([
      { ...plain, temperature: 0 },
      { ...plain, text: { verbosity: "low" } },
      plain,
      { ...plain, generationConfig: { seed: 1 } },
    ]);
    expect((await (await scan(lines)).items())[0]?.body).toHaveProperty("response_format");
  });

  test("tells all faults with the numbers of their lines", async () => {
    const { faults } = await scan(
      [
        "[]",
        JSON.stringify(chat("a")),
        "",
        "{",
        JSON.stringify({ ...chat("b"), method: "GET", url: undefined }),
        JSON.stringify({ ...chat(""), body: [] }),
        JSON.stringify({ ...chat("c"), url: "/v1/responses" }),
        JSON.stringify({ key: "d", request: {} }),
        JSON.stringify({ ...chat("e"), custom_id: 7 }),
      ].join("\n"),
    );
    expect(faults.map(({ path }) => path)).toEqual([
      "line 1",
      "line 4",
      "line 5.url",
      "line 5.method",
      "line 6.body",
      "line 7.url",
      "line 8",
      "line 9.custom_id",
    ]);
    expect(faults[2]).toMatchObject({ key: "b" });
  });

  test("that is none, or not there, is refused at once", async () => {
    await expect(scan([{ prompt: "Hi", key: "a" }])).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/no input file of a batch job.*openai.*gemini.*anthropic/s) as string,
    });
    await expect(scanScript(join(here.folder, "none.jsonl"), false)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/there is no such file/) as string,
    });
  });
});
