import { expect, test } from "vitest";
import { INPUT_FILE_GONE, openaiDialect, openaiProvider } from "../src/index.ts";
import { testBatchProvider } from "./contract.ts";
import { simulatedRig } from "./simulatedRig.ts";

const openRig = simulatedRig({
  dialect: openaiDialect(),
  model: "gpt-4o-mini",
  open: ({ key, url, timeouts }) =>
    openaiProvider({ apiKey: `sk-simulated-${key}`, baseUrl: `${url}/openai/v1`, timeouts }),
});

testBatchProvider(
  "openai",
  {
    tags: "shown",
    failures: "apart",
    answers: "file",
    jobs: "may fail",
    declines: { refusal: "refusal", filter: "content_filter" },
    spent: "account",
    noJob: "batch_none",
    pageSize: 100,
  },
  openRig,
);

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
