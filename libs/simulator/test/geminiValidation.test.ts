import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { fileLine, inlineRequest, openGeminiRig } from "./geminiRig.ts";

const text = { type: "string" };
const refused = (status: number, rpc: string) => ({ status, body: { error: { code: status, status: rpc } } });

test.each([
  ["a model nobody knows", "gemini-0", {}, refused(404, "NOT_FOUND")],
  [
    "a file that is not there",
    "gemini-2.5-flash",
    { fileName: "files/none" },
    refused(403, "PERMISSION_DENIED"),
  ],
  ["no source", "gemini-2.5-flash", {}, refused(400, "INVALID_ARGUMENT")],
  [
    "two sources",
    "gemini-2.5-flash",
    { fileName: "files/x", requests: { requests: [inlineRequest("a")] } },
    refused(400, "INVALID_ARGUMENT"),
  ],
  ["no requests", "gemini-2.5-flash", { requests: { requests: [] } }, refused(400, "INVALID_ARGUMENT")],
  ["a source it has not", "gemini-2.5-flash", { gcsUri: "gs://x" }, refused(400, "INVALID_ARGUMENT")],
  [
    "a key that comes twice",
    "gemini-2.5-flash",
    { requests: { requests: [inlineRequest("a"), inlineRequest("a")] } },
    refused(400, "INVALID_ARGUMENT"),
  ],
  [
    "an inline request with a field nobody knows",
    "gemini-2.5-flash",
    { requests: { requests: [inlineRequest("a", "x", { messages: [] })] } },
    refused(400, "INVALID_ARGUMENT"),
  ],
])("a create with %s is refused, and no job is made", async (_, model, config, error) => {
  await using rig = await openGeminiRig();
  const file = await rig.upload([fileLine("a")]);
  const input = model === "gemini-0" ? { fileName: file.name } : config;
  expect(await rig.createOf(input, "tag", model)).toMatchObject(error);
  expect(await rig.creates()).toEqual([]);
});

test("a create of more bytes than may come inline is refused", async () => {
  await using rig = await openGeminiRig({ limits: { gemini: { inlineBytes: 1_000 } } });
  const answer = await rig.createOf({ requests: { requests: [inlineRequest("a", "x".repeat(1_000))] } });
  expect(answer).toMatchObject({
    status: 400,
    body: { error: { message: "Request payload size exceeds the limit: 1000 bytes." } },
  });
});

const oneInline = (length: number) => ({ requests: { requests: [inlineRequest("a", "x".repeat(length))] } });

test("by default 20 MB may come inline, and no more", async () => {
  await using rig = await openGeminiRig();
  const most = 20 * 1024 * 1024;
  const bytesBeside = JSON.stringify({
    batch: { displayName: "tag", inputConfig: { requests: { requests: [inlineRequest("a", "")] } } },
  }).length;
  expect((await rig.createOf(oneInline(most - bytesBeside + 1))).status).toBe(400);
  expect((await rig.createOf(oneInline(most - bytesBeside))).status).toBe(200);
}, 20_000);

test("what is no JSON is refused, and a method or a path nobody knows", async () => {
  await using rig = await openGeminiRig();
  const path = "/v1/models/gemini-2.5-flash:batchGenerateContent";
  expect(await rig.send(path, { method: "POST", body: "{nonsense" })).toMatchObject(
    refused(400, "INVALID_ARGUMENT"),
  );
  expect(await rig.send("/v1/models/gemini-2.5-flash:sing", { json: {} })).toMatchObject(
    refused(404, "NOT_FOUND"),
  );
  expect(await rig.send("/v1/nowhere")).toMatchObject(refused(404, "NOT_FOUND"));
});

test("calls without a key are refused with 403, and with a wrong one with 400", async () => {
  await using rig = await openGeminiRig({ keys: { revoked: ["g-gone"] } });
  expect(await rig.send("/v1/models", { key: "" })).toMatchObject(refused(403, "PERMISSION_DENIED"));
  expect(await rig.send("/v1/models", { key: "g-gone" })).toMatchObject({
    status: 400,
    body: { error: { status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } },
  });
  expect((await fetch(`${rig.root}/v1beta/models?key=g-test`)).status).toBe(200);
});

test("names in snake case are read as well", async () => {
  await using rig = await openGeminiRig();
  const request = {
    contents: [{ role: "user", parts: [{ text: "hi" }] }],
    system_instruction: { parts: [{ text: "Be short." }] },
    generation_config: { max_output_tokens: 1_000, response_mime_type: "application/json" },
  };
  const batch = await rig.run([JSON.stringify({ key: "a", request })]);
  const [answer] = await rig.answers(batch);
  expect(JSON.parse(answer?.response?.["candidates"][0].content.parts[0].text)).toHaveProperty("answer");
});

test.each([
  ["a line that is no JSON", [fileLine("a"), "{nonsense"], /Line 2/],
  ["a key that comes twice", [fileLine("a"), fileLine("a")], /Line 2: the key 'a'/],
  ["no request", [JSON.stringify({ key: "a" })], /Line 1: it has no request/],
  ["an empty line", ["", fileLine("a")], /Line 1/],
])("a file with %s fails the batch", async (_, lines, message) => {
  await using rig = await openGeminiRig();
  const batch = await rig.run(lines);
  expect(batch).toMatchObject({ done: true, error: { code: 3 }, metadata: { state: "BATCH_STATE_FAILED" } });
  expect(batch.error?.message).toMatch(message);
  expect(batch.metadata).not.toHaveProperty("output");
  expect(batch).not.toHaveProperty("response");
});

const config = (fields: object) => ({ generationConfig: fields });
const schema = (fields: object) =>
  config({ responseMimeType: "application/json", responseJsonSchema: fields });

test.each([
  ["a field nobody knows", { messages: [] }, /Unknown name "messages" at 'request'/],
  [
    "a setting nobody knows",
    config({ max_tokens: 3 }),
    /Unknown name "max_tokens" at 'request.generation_config'/,
  ],
  ["no contents", { contents: undefined }, /contents is not specified/],
  ["a strange role", { contents: [{ role: "system", parts: [{ text: "x" }] }] }, /valid role/],
  [
    "another provider's part",
    { contents: [{ parts: [{ type: "text", text: "x" }] }] },
    /Unknown name "type"/,
  ],
  ["no parts", { contents: [{ role: "user", parts: [] }] }, /must not be empty/],
  ["a temperature too high", config({ temperature: 3 }), /temperature/],
  ["six stop sequences", config({ stopSequences: ["a", "b", "c", "d", "e", "f"] }), /stop_sequences/],
  ["a schema without its type of answer", config({ responseJsonSchema: text }), /response_mime_type/],
  ["a keyword outside of the subset", schema({ ...text, pattern: "a" }), /'pattern' is not supported/],
  ["a type nobody knows", schema({ type: "text" }), /is no type/],
  ["words beside a reference", schema({ $ref: "#", title: "x" }), /beside '\$ref'/],
  ["another model", { model: "models/gemini-2.5-pro" }, /is not 'models\/gemini-2.5-flash'/],
])("a line with %s gets an error of its own", async (_, request, message) => {
  await using rig = await openGeminiRig();
  const batch = await rig.run([fileLine("good"), fileLine("bad", "x", request)]);
  expect(batch.metadata).toMatchObject({
    state: "BATCH_STATE_SUCCEEDED",
    batchStats: { requestCount: "2", successfulRequestCount: "1", failedRequestCount: "1" },
  });
  const [good, bad] = await rig.answers(batch);
  expect(good).toMatchObject({ key: "good", response: {} });
  expect(bad).toMatchObject({ key: "bad", error: { code: 3, message: expect.stringMatching(message) } });
});

test("a hundred batches may be under way, and limits are told at create", async () => {
  await using rig = await openGeminiRig({ pace: { jobMs: 60_000 } });
  const file = await rig.upload([fileLine("a")]);
  for (let count = 0; count < 100; count++)
    expect((await rig.createOf({ fileName: file.name })).status).toBe(200);
  expect(await rig.createOf({ fileName: file.name })).toMatchObject(refused(429, "RESOURCE_EXHAUSTED"));
  expect(await rig.creates()).toHaveLength(100);
  expect((await readLedger(rig.folder)).at(-1)).toMatchObject({
    kind: "refused",
    provider: "gemini",
    status: 429,
    code: "RESOURCE_EXHAUSTED",
  });
}, 20_000);

test("a limit that is told by failing lets the create pass and fails the batch", async () => {
  await using rig = await openGeminiRig({
    pace: { jobMs: 60_000 },
    limits: { enqueuedTokens: { "gemini-2.5-flash": 100 }, gemini: { toldBy: "failed" } },
  });
  await rig.create([fileLine("a", "x".repeat(200))]);
  const second = await rig.run([fileLine("b", "x".repeat(200))]);
  expect(second).toMatchObject({ error: { code: 8 }, metadata: { state: "BATCH_STATE_FAILED" } });
});

test("an account without money is refused at create", async () => {
  await using rig = await openGeminiRig({ keys: { exhausted: ["g-test"] } });
  const file = await rig.upload([fileLine("a")]);
  expect(await rig.createOf({ fileName: file.name })).toMatchObject(refused(429, "RESOURCE_EXHAUSTED"));
});
