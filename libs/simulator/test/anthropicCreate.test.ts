import { request as httpRequest } from "node:http";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { openAnthropicRig, request } from "./anthropicRig.ts";
import { until } from "./rig.ts";

const body = (requests: unknown, beside: object = {}) => JSON.stringify({ requests, ...beside });
const invalid = (message: RegExp) => ({
  status: 400,
  body: {
    type: "error",
    error: { type: "invalid_request_error", message: expect.stringMatching(message) },
    request_id: expect.stringMatching(/^req_/),
  },
});

test.each([
  ["no custom id", body([{ params: {} }]), /^requests\.0\.custom_id: Field required/],
  ["a custom id with a space", body([request("a b")]), /^requests\.0\.custom_id: String should match/],
  ["an empty custom id", body([request("")]), /^requests\.0\.custom_id: String should match/],
  ["a custom id of 65 characters", body([request("a".repeat(65))]), /^requests\.0\.custom_id: String/],
  [
    "a custom id that comes twice",
    body([request("a"), request("a")]),
    /^requests\.1\.custom_id: 'a' is not unique/,
  ],
  ["no params", body([{ custom_id: "a" }]), /^requests\.0\.params: Field required/],
  ["a field nobody knows", body([{ ...request("a"), url: "/v1" }]), /^requests\.0\.url: Extra inputs/],
  ["a request that is no object", body([request("a"), 7]), /^requests\.1: Input should be an object/],
  ["no requests", body([]), /^requests: List should have at least 1 item/],
  ["requests that are no list", body({}), /^requests: Input should be a valid list/],
  ["nothing of requests", "{}", /^requests: Field required/],
  ["something beside the requests", body([request("a")], { model: "x" }), /^model: Extra inputs/],
  ["a body that is no JSON", "{nonsense", /not valid JSON/],
  ["a body that ends too early", body([request("a")]).slice(0, -10), /not valid JSON/],
  ["a request that is no JSON", '{"requests": [{"custom_id": nonsense}]}', /not valid JSON/],
  ["no body", "", /not valid JSON/],
  ["too many requests", body(["a", "b", "c", "d"].map((id) => request(id))), /at most 3 items/],
])("a create with %s is refused, and no job is made", async (_, text, message) => {
  await using rig = await openAnthropicRig({ limits: { anthropic: { lines: 3 } } });
  expect(await rig.post(text)).toMatchObject(invalid(message));
  expect(await rig.creates()).toEqual([]);
  expect(await readLedger(rig.folder)).toMatchObject([
    { kind: "refused", provider: "anthropic", status: 400 },
  ]);
});

test("a body over the size is refused with 413", async () => {
  await using rig = await openAnthropicRig({ limits: { bytes: 1_000 } });
  const error = await rig.create([request("a", "x".repeat(2_000))]).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ status: 413, error: { error: { type: "request_too_large" } } });
  expect(await rig.creates()).toEqual([]);
});

test("a create streams in, as the SDK sends an iterable, and its bytes are kept as they came", async () => {
  await using rig = await openAnthropicRig({ pace: { jobMs: 60_000 } });
  const count = 20_000;
  async function* chunks() {
    yield Buffer.from('{"requests":[');
    for (let index = 0; index < count; index += 100) {
      const some = Array.from({ length: 100 }, (_, at) => JSON.stringify(request(`s-${index + at}`)));
      yield Buffer.from(`${index === 0 ? "" : ","}${some.join(",")}`);
    }
    yield Buffer.from("]}");
  }
  const batch = await rig.sdk.post("/v1/messages/batches", {
    body: chunks(),
    headers: { "content-type": "application/json" },
  });
  expect(batch).toMatchObject({ request_counts: { processing: count } });
  expect(await rig.creates()).toMatchObject([{ lines: count, tag: "s" }]);
});

test("a body that comes in small pieces and over several lines is read", async () => {
  await using rig = await openAnthropicRig();
  const text = JSON.stringify({ requests: [request("a", "grün 🌾\n")] }, null, 2);
  const bytes = Buffer.from(text);
  const answer = await new Promise<{ id: string }>((resolve, reject) => {
    const call = httpRequest(
      `${rig.root}/v1/messages/batches`,
      { method: "POST", headers: { "x-api-key": "sk-ant-test", "anthropic-version": "2026-10-21" } },
      (response) => {
        let told = "";
        response.on("data", (chunk) => (told += chunk));
        response.on("end", () => resolve(JSON.parse(told)));
      },
    );
    call.on("error", reject);
    for (let at = 0; at < bytes.length; at += 7) call.write(bytes.subarray(at, at + 7));
    call.end();
  });
  await rig.ended(answer.id);
  expect((await rig.results(answer.id))[0]?.result.type).toBe("succeeded");
});

test("a body that breaks off makes no job and leaves nothing behind", async () => {
  await using rig = await openAnthropicRig();
  const parts = join(rig.folder, "anthropic", "parts");
  const call = httpRequest(`${rig.root}/v1/messages/batches`, {
    method: "POST",
    headers: { "x-api-key": "sk-ant-test", "anthropic-version": "2026-10-21" },
  });
  call.on("error", () => {});
  call.write('{"requests": [{"custom_id": "a"');
  await until(async () => (await readdir(parts)).length === 1);
  call.destroy();
  await until(async () => (await readdir(parts)).length === 0);
  expect(await readLedger(rig.folder)).toEqual([]);
});

test("input that was read is gone from disk once its batch has ended", async () => {
  await using rig = await openAnthropicRig({ pace: { jobMs: 100 } });
  const inputs = join(rig.folder, "anthropic", "inputs");
  const { id } = await rig.create([request("a")]);
  expect(await readdir(inputs)).toEqual([`${id}.jsonl`]);
  await rig.ended(id);
  await until(async () => (await readdir(inputs)).length === 0);
});

test("limits of an account are told at create with 429", async () => {
  await using rig = await openAnthropicRig({
    pace: { jobMs: 60_000 },
    limits: {
      concurrentBatches: 2,
      toldBy: "failed",
      anthropic: { toldBy: "create" },
      enqueuedTokens: { "claude-haiku-4-5": 50 },
    },
  });
  const error = { status: 429, type: "rate_limit_error" };
  await expect(
    rig.create([request("a", "x".repeat(400), { model: "claude-haiku-4-5" })]),
  ).rejects.toMatchObject(error);
  await rig.create([request("b")]);
  await rig.create([request("c")]);
  await expect(rig.create([request("d")])).rejects.toMatchObject(error);
  expect(await rig.creates()).toHaveLength(2);
});

test("an account without money is refused with an invalid request", async () => {
  await using rig = await openAnthropicRig({ keys: { exhausted: ["sk-ant-test"] } });
  await expect(rig.create([request("a")])).rejects.toMatchObject({
    status: 400,
    type: "invalid_request_error",
    message: expect.stringContaining("credit balance is too low"),
  });
});
