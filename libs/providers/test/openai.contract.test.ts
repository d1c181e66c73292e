import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLedger, serveSimulator, type ScenarioInput } from "@granary/simulator";
import { INPUT_FILE_GONE, openaiDialect, openaiProvider } from "../src/index.ts";
import { testBatchProvider } from "./contract.ts";
import type { ProviderRig } from "./contractSteps.ts";

async function openRig(scenario: ScenarioInput): Promise<ProviderRig> {
  const folder = await mkdtemp(join(tmpdir(), "granary-openai-"));
  const server = await serveSimulator({ folder, scenario });
  let isShut = false;
  const shut = async () => {
    if (!isShut) await server.close();
    isShut = true;
  };
  return {
    dialect: openaiDialect(),
    model: "gpt-4o-mini",
    provider: (key = "one") =>
      openaiProvider({
        apiKey: `sk-simulated-${key}`,
        baseUrl: `${server.url}/openai/v1`,
        timeouts: { callMs: 5_000, idleMs: 300 },
      }),
    creates: async () => (await readLedger(folder)).filter((entry) => entry.kind === "create"),
    shut,
    async [Symbol.asyncDispose]() {
      await shut();
      await rm(folder, { recursive: true });
    },
  };
}

testBatchProvider("openai", openRig);

test("a create for a file that was removed is refused, so that it is uploaded again", async () => {
  await using rig = await openRig({});
  const provider = rig.provider();
  const { signal } = new AbortController();
  async function* lines(): AsyncGenerator<string> {
    const context = { model: rig.model, endpoint: "/v1/responses", output: { type: "text" } } as const;
    yield rig.dialect.encode({ key: "a", prompt: "x" }, context, "t-0");
  }
  const { fileId } = await provider.upload(lines(), { signal, name: "t.jsonl" });
  await provider.remove(fileId, { signal });
  const job = { tag: "t", input: { fileId }, model: rig.model, endpoint: "/v1/responses", timeoutMs: 5_000 };
  expect(await provider.create(job)).toMatchObject({
    type: "refused",
    why: "unreachable",
    code: INPUT_FILE_GONE,
  });
  expect(await rig.creates()).toEqual([]);
});
