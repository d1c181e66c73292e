import { describe, expect, test } from "vitest";
import { openaiDialect, openaiProvider, TAG_NOT_KEPT, type OpenAIWire } from "../src/index.ts";
import { testBatchProvider } from "./contract.ts";
import type { ProviderNature } from "./contractSteps.ts";
import { create, created, inputs, items, listed } from "./contractSteps.ts";
import { simulatedRig } from "./simulatedRig.ts";

/** As Azure OpenAI differs, see docs/accounts.md. */
const AZURE: OpenAIWire = {
  keyHeader: "api-key",
  endpoints: { "/v1/chat/completions": "/chat/completions", "/v1/responses": "/responses" },
};

/** As Together differs, see docs/accounts.md. */
const TOGETHER: OpenAIWire = {
  endpoints: { "/v1/chat/completions": "/v1/chat/completions" },
  purpose: "batch-api",
  uploadPath: "/files/upload",
  fileNameField: "file_name",
  list: "whole",
  tag: "fileName",
  maxTokensParam: "max_tokens",
};

const NATURE: ProviderNature = {
  tags: "shown",
  failures: "apart",
  answers: "file",
  jobs: "may fail",
  declines: { refusal: "refusal", filter: "content_filter" },
  spent: "account",
  noJob: "batch_none",
  pageSize: 100,
};

/** Opens rigs whose adapter speaks to one of the simulator's compatible endpoints. */
function rigOf(place: string, wire: OpenAIWire) {
  return simulatedRig({
    dialect: openaiDialect({ wire }),
    model: "gpt-4o-mini",
    open: ({ key, url, timeouts }) =>
      openaiProvider({
        apiKey: `sk-simulated-${key}`,
        baseUrl: `${url}/compatible/${place}/v1`,
        timeouts,
        wire,
      }),
  });
}

testBatchProvider("openai, at an endpoint like Azure's", NATURE, rigOf("azure", AZURE));

testBatchProvider(
  "openai, at an endpoint like Together's",
  { ...NATURE, tags: "in the file's name", counts: "hidden", pageSize: Infinity },
  rigOf("together", TOGETHER),
);

describe("at an endpoint that keeps no metadata", () => {
  const { signal } = new AbortController();
  const openRig = rigOf("together", TOGETHER);

  test("a job that was created by another process is found by its file's name", async () => {
    await using rig = await openRig({ pace: { jobMs: 60_000 } });
    const { jobId } = await created(rig, "gr1234-a", items(2));
    const stranger = rig.provider();
    expect((await listed(stranger)).flat()).toMatchObject([{ jobId, tag: "gr1234-a" }]);
    expect(await stranger.get(jobId, { signal })).toMatchObject({ tag: "gr1234-a" });
  });

  test("a job keeps its tag for whoever removed its file", async () => {
    await using rig = await openRig({ pace: { jobMs: 60_000 } });
    const { jobId, inputFileId } = await created(rig, "gr1234-a", items(2));
    const revoker = rig.provider();
    expect(await revoker.remove(inputFileId ?? "", { signal })).toBe(true);
    expect((await listed(revoker)).flat()).toMatchObject([{ jobId, tag: "gr1234-a" }]);
    expect((await listed(rig.provider())).flat()).toMatchObject([{ jobId, tag: null, inputFileId }]);
  });

  test("a second create is refused where the account counts on metadata, with the remedy", async () => {
    const { tag: _tag, ...forgetful } = TOGETHER;
    await using rig = await rigOf("together", forgetful)({});
    const provider = rig.provider();
    const input = await inputs(rig, "t", items(1));
    const job = { tag: "t", model: rig.model, endpoint: "/v1/chat/completions", timeoutMs: 5_000 };
    expect(await provider.create({ ...job, input: input() })).toMatchObject({
      type: "created",
      job: { tag: null },
    });
    expect(await provider.create({ ...job, input: input() })).toMatchObject({
      type: "refused",
      why: "account",
      code: TAG_NOT_KEPT,
      message: expect.stringContaining("set wire.tag of the account to fileName") as string,
    });
    expect(await rig.creates()).toHaveLength(1);
  });
});

test("OpenAI's own form is refused where it is not spoken, and nothing is created", async () => {
  await using azure = await rigOf("azure", {})({});
  await expect(create(azure, "t", items(1))).rejects.toMatchObject({ why: "account", code: "401" });
  await using together = await rigOf("together", {})({});
  await expect(create(together, "t", items(1))).rejects.toMatchObject({ why: "account", code: "404" });
  expect([...(await azure.creates()), ...(await together.creates())]).toEqual([]);
});
