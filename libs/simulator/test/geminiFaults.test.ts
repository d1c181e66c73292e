import { expect, test } from "vitest";
import { ApiError } from "@google/genai";
import { readLedger, type ScenarioInput } from "../src/index.ts";
import { fileLine, inlineRequest, openGeminiRig } from "./geminiRig.ts";
import { until } from "./rig.ts";

type FaultInput = NonNullable<ScenarioInput["faults"]>[number];
const ten = Array.from({ length: 10 }, (_, index) => fileLine(`k${index}`));
const keys = ten.map((_line, index) => `k${index}`);
const inlineTen = keys.map((key) => inlineRequest(key));

test.each([
  ["rate_limited", 429, "RESOURCE_EXHAUSTED"],
  ["quota_exhausted", 429, "RESOURCE_EXHAUSTED"],
  ["server_error", 500, "INTERNAL"],
  ["unauthorized", 400, "INVALID_ARGUMENT"],
  ["forbidden", 403, "PERMISSION_DENIED"],
  ["not_found", 404, "NOT_FOUND"],
] as const)("a create that is %s makes no job, and the next one does", async (what, status, code) => {
  await using rig = await openGeminiRig({ faults: [{ on: "create", what, nth: 1 }] });
  const file = await rig.upload([fileLine("a")]);
  expect(await rig.createOf({ fileName: file.name })).toMatchObject({
    status,
    body: { error: { code: status, status: code } },
  });
  expect(await rig.creates()).toEqual([]);
  expect((await rig.createOf({ fileName: file.name })).status).toBe(200);
});

test("a rate limit says in its body alone when to come back, and the SDK throws it", async () => {
  await using rig = await openGeminiRig({
    faults: [{ on: "list", what: "rate_limited", retryAfterMs: 3_000 }],
  });
  const { headers, body } = await rig.send("/v1/batches");
  expect(body.error.details).toEqual([
    { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" },
  ]);
  expect(headers.get("retry-after")).toBeNull();
  const thrown = await rig.sdk.batches.list().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ApiError);
  expect((thrown as ApiError).status).toBe(429);
});

test("a lost response, and an error after the create, leave jobs behind that the caller was not told of", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "create", what: "response_lost", nth: 1 },
      { on: "create", what: "error_after", nth: 2 },
    ],
  });
  const src = { fileName: (await rig.upload([fileLine("a")])).name ?? "" };
  const call = () =>
    rig.sdk.batches.create({ model: "gemini-2.5-flash", src, config: { displayName: "mine" } });
  await expect(call()).rejects.toThrow(/fetch failed/);
  await expect(call()).rejects.toMatchObject({ status: 500 });
  expect(await rig.creates()).toMatchObject([
    { tag: "mine", answer: "lost" },
    { tag: "mine", answer: "error" },
  ]);
  expect((await rig.send("/v1/batches")).body.operations).toHaveLength(2);
});

test("a connection that is reset before anything happened leaves nothing behind", async () => {
  await using rig = await openGeminiRig({ faults: [{ on: "create", what: "reset", nth: 1 }] });
  await expect(rig.createInline([inlineRequest("a")])).rejects.toThrow(/fetch failed/);
  expect(await rig.creates()).toEqual([]);
});

test("a create that was held finds its file deleted, and makes no job", async () => {
  await using rig = await openGeminiRig({ faults: [{ on: "create", what: "held", delayMs: 300, nth: 1 }] });
  const file = await rig.upload([fileLine("a")]);
  const call = rig.createOf({ fileName: file.name });
  await until(async () => (await readLedger(rig.folder)).some(({ kind }) => kind === "fault"));
  await rig.send(`/v1/${file.name}`, { method: "DELETE" });
  expect((await call).status).toBe(403);
  expect(await rig.creates()).toEqual([]);
});

test("faults strike uploads, lists, cancels and deletions as well, and only the provider they name", async () => {
  await using rig = await openGeminiRig({
    pace: { jobMs: 5_000 },
    faults: [
      { on: "upload", what: "server_error", status: 503, nth: 1 },
      { on: "get", what: "not_found", nth: 1 },
      { on: "cancel", what: "rate_limited", nth: 1 },
      { on: "list", what: "server_error", provider: "openai" },
    ],
  });
  await expect(rig.upload([fileLine("a")])).rejects.toMatchObject({ status: 503 });
  const { name } = await rig.create([fileLine("a")]);
  expect((await rig.send(`/v1/${name}`)).status).toBe(404);
  expect((await rig.send(`/v1/${name}`)).status).toBe(200);
  expect((await rig.send(`/v1/${name}:cancel`, { json: {} })).status).toBe(429);
  expect((await rig.send(`/v1/${name}:cancel`, { json: {} })).status).toBe(200);
  expect((await rig.send("/v1/batches")).status).toBe(200);
});

test("a small batch in a file is answered inline, and one that came inline in a file", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "job", what: "inline_answers", tag: "file" },
      { on: "job", what: "file_answers", tag: "inline" },
    ],
  });
  const inline = await rig.run(ten, "file");
  expect(inline.response?.inlinedResponses?.inlinedResponses).toHaveLength(10);
  expect(inline.metadata.output).not.toHaveProperty("responsesFile");
  expect((await rig.answers(inline)).map(({ metadata }) => metadata?.key)).toEqual(keys);
  const file = await rig.runInline(inlineTen, "inline");
  expect(file.response).not.toHaveProperty("inlinedResponses");
  expect((await rig.answers(file)).map(({ key }) => key)).toEqual(keys);
});

test("the key stands elsewhere, in files and inline", async () => {
  await using rig = await openGeminiRig({ faults: [{ on: "job", what: "key_elsewhere" }] });
  const [inFile] = await rig.answers(await rig.run(ten));
  expect(inFile).toMatchObject({ metadata: { key: "k0" } });
  expect(inFile).not.toHaveProperty("key");
  expect((await rig.answers(await rig.runInline(inlineTen)))[0]).toMatchObject({ key: "k0" });
});

async function keysWith(...faults: FaultInput[]) {
  await using rig = await openGeminiRig({ faults });
  return (await rig.answers(await rig.runInline(inlineTen))).map(({ metadata }) => metadata?.key);
}

test("inline answers come out of order, twice, not at all, of another job, or broken", async () => {
  const mixed = await keysWith({ on: "job", what: "out_of_order" });
  expect(mixed).not.toEqual(keys);
  expect(new Set(mixed)).toEqual(new Set(keys));
  expect(mixed).toHaveLength(10);
  expect(await keysWith({ on: "job", what: "duplicate_lines" })).toEqual(["k0", ...keys]);
  expect(await keysWith({ on: "job", what: "missing_lines" })).toEqual(keys.slice(1));
  expect(await keysWith({ on: "job", what: "foreign_lines" })).toEqual(["k0", "foreign-0", ...keys.slice(1)]);
  expect(await keysWith({ on: "job", what: "corrupt_lines" })).toEqual([undefined, ...keys.slice(1)]);
});

async function fileWith(...faults: FaultInput[]) {
  await using rig = await openGeminiRig({ faults });
  return await rig.raw((await rig.run(ten)).response?.responsesFile);
}

test("result files have strange lines, ends and beginnings", async () => {
  const odd = await fileWith({ on: "job", what: "crlf" }, { on: "job", what: "no_last_newline" });
  expect(odd.match(/\r\n/g)).toHaveLength(9);
  const corrupt = (await fileWith({ on: "job", what: "corrupt_lines" })).split("\n");
  expect(() => JSON.parse(corrupt[0] ?? "")).toThrow(SyntaxError);
  const foreign = (await fileWith({ on: "job", what: "foreign_lines" })).split("\n");
  expect(JSON.parse(foreign[1] ?? "")).toMatchObject({ key: "foreign-0" });
});

test("a batch has succeeded before its answers are named, and they are 404 for another while", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "job", what: "late_output_file", ms: 200 },
      { on: "job", what: "results_lag", ms: 500 },
    ],
  });
  const early = await rig.run(ten);
  expect(early.metadata).toMatchObject({
    state: "BATCH_STATE_SUCCEEDED",
    batchStats: { successfulRequestCount: "10" },
  });
  expect(early.metadata).not.toHaveProperty("output");
  expect(early).not.toHaveProperty("response");
  const name = await until(async () => (await rig.get(early.name)).response?.responsesFile);
  expect((await rig.send(`/v1/${name}:download?alt=media`)).status).toBe(404);
  await until(async () => (await rig.send(`/v1/${name}:download?alt=media`)).status === 200);
});

test("batches of one model stay pending, others do not, and they can be cancelled", async () => {
  await using rig = await openGeminiRig({ faults: [{ on: "job", what: "stuck", model: "gemini-2.5-pro" }] });
  const stuck = await rig.create([fileLine("a")], "tag", "gemini-2.5-pro");
  await rig.run(ten);
  expect((await rig.get(stuck.name)).metadata.state).toBe("BATCH_STATE_PENDING");
  await rig.send(`/v1/${stuck.name}:cancel`, { json: {} });
  expect((await rig.ended(stuck)).metadata.state).toBe("BATCH_STATE_CANCELLED");
});

test("states are spelt the other way, which tells of a cancellation under way", async () => {
  await using rig = await openGeminiRig({
    pace: { jobMs: 5_000, cancellingMs: 100 },
    faults: [{ on: "job", what: "other_spelling" }],
  });
  const { name, metadata } = await rig.create(ten);
  expect(metadata.state).toBe("JOB_STATE_PENDING");
  await rig.send(`/v1/${name}:cancel`, { json: {} });
  expect((await rig.get(name)).metadata.state).toBe("JOB_STATE_CANCELLING");
  expect((await rig.ended({ name })).metadata.state).toBe("JOB_STATE_CANCELLED");
});

test("a batch expires with what was done, or with nothing, as the documentation has it", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "job", what: "expire", share: 0.4 },
      { on: "job", what: "no_partial_results", tag: "nothing" },
    ],
  });
  const some = await rig.run(ten, "some");
  expect(some).toMatchObject({ error: { code: 4 }, metadata: { state: "BATCH_STATE_EXPIRED" } });
  expect((await rig.answers(some)).filter(({ response }) => response)).toHaveLength(4);
  const none = await rig.run(ten, "nothing");
  expect(none.metadata).toMatchObject({ state: "BATCH_STATE_EXPIRED" });
  expect(none.metadata).not.toHaveProperty("output");
  expect((await rig.creates()).map(({ charge }) => charge?.outputTokens === 0)).toEqual([false, true]);
});

test("a batch fails for a limit, has all its lines fail, or a state nobody knows", async () => {
  await using rig = await openGeminiRig({
    pace: { jobMs: 300 },
    faults: [
      { on: "job", what: "fail", tag: "fail" },
      { on: "job", what: "all_lines_fail", tag: "all" },
      { on: "job", what: "unknown_status", status: "BATCH_STATE_RESTING", ms: 150, tag: "odd" },
    ],
  });
  expect(await rig.run(ten, "fail")).toMatchObject({
    error: { code: 8 },
    metadata: { state: "BATCH_STATE_FAILED" },
  });
  const failed = await rig.run(ten, "all");
  expect(failed.metadata.batchStats).toEqual({ requestCount: "10", failedRequestCount: "10" });
  expect((await rig.answers(failed)).every(({ error }) => error?.code === 13)).toBe(true);
  const odd = await rig.create(ten, "odd");
  await until(async () => (await rig.get(odd.name)).metadata.state === "BATCH_STATE_RESTING");
  expect((await rig.ended(odd)).metadata.state).toBe("BATCH_STATE_SUCCEEDED");
});

test("a batch is absent from the list, and unknown to whoever asks for it, for a while", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "job", what: "list_lag", ms: 300 },
      { on: "job", what: "get_lag", ms: 300 },
    ],
  });
  const { name } = await rig.create(ten);
  expect((await rig.send("/v1/batches")).body).toEqual({});
  expect((await rig.send(`/v1/${name}`)).status).toBe(404);
  await until(async () => (await rig.send("/v1/batches")).body.operations?.length === 1);
  expect((await rig.send(`/v1/${name}`)).status).toBe(200);
});

test("downloads are truncated, stalled and altered", async () => {
  await using rig = await openGeminiRig({
    faults: [
      { on: "download", what: "truncated", nth: 1 },
      { on: "download", what: "altered", nth: 2 },
    ],
  });
  const name = (await rig.run(ten)).response?.responsesFile;
  await expect(rig.raw(name)).rejects.toThrow(/terminated|closed/);
  const [altered, right] = [await rig.raw(name), await rig.raw(name)];
  expect(altered).not.toBe(right);
  expect(altered).toHaveLength(right.length);
});
