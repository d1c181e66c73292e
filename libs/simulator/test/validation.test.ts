import { expect, test } from "vitest";
import { chatLine, openRig } from "./rig.ts";

const good = { endpoint: "/v1/chat/completions", completion_window: "24h" } as const;

test.each([
  ["an endpoint it has not", { endpoint: "/v1/embeddings" }, "endpoint"],
  ["another window", { completion_window: "1h" }, "completion_window"],
  [
    "17 pairs of metadata",
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, "v"])) },
    "metadata",
  ],
  ["a key of 65 characters", { metadata: { ["k".repeat(65)]: "v" } }, "metadata"],
  ["a value of 513 characters", { metadata: { k: "v".repeat(513) } }, "metadata.k"],
  ["a value that is no string", { metadata: { k: 1 } }, "metadata.k"],
  ["a file nobody knows", { input_file_id: "file-none" }, "input_file_id"],
  ["no file", { input_file_id: undefined }, "input_file_id"],
  ["a parameter it has not", { priority: "high" }, "priority"],
  [
    "results that expire at once",
    { output_expires_after: { anchor: "created_at", seconds: 1 } },
    "output_expires_after.seconds",
  ],
])("a create with %s is refused, and no job is made", async (_, wrong, param) => {
  await using rig = await openRig();
  const file = await rig.upload([chatLine("a")]);
  const call = rig.client.batches.create({ input_file_id: file.id, ...good, ...wrong } as never);
  await expect(call).rejects.toMatchObject({ status: 400, type: "invalid_request_error", param });
  expect(await rig.creates()).toEqual([]);
});

test("a create on a deleted file or one of another purpose is refused", async () => {
  await using rig = await openRig();
  const gone = await rig.upload([chatLine("a")]);
  await rig.client.files.delete(gone.id);
  const other = await rig.client.files.create({ file: new File(["{}"], "data.jsonl"), purpose: "user_data" });
  for (const { id } of [gone, other])
    await expect(rig.client.batches.create({ input_file_id: id, ...good })).rejects.toMatchObject({
      status: 400,
      param: "input_file_id",
    });
  expect(await rig.creates()).toEqual([]);
});

const line = (changes: object) => JSON.stringify({ ...JSON.parse(chatLine("b")), ...changes });

test.each([
  ["a line that is no JSON", [chatLine("a"), "{nonsense"], "invalid_json_line", 2],
  ["a custom id that comes twice", [chatLine("a"), chatLine("a")], "duplicate_custom_id", 2],
  ["no custom id", [line({ custom_id: undefined })], "missing_required_parameter", 1],
  ["another method", [line({ method: "GET" })], "invalid_method", 1],
  ["another url", [chatLine("a"), line({ url: "/v1/responses" })], "mismatched_url", 2],
  ["two models", [chatLine("a"), chatLine("b", "x", { model: "gpt-4o" })], "model_mismatch", 2],
  ["a model nobody knows", [chatLine("a", "x", { model: "gpt-0" })], "model_not_found", 1],
  ["no body", [line({ body: undefined })], "missing_required_parameter", 1],
  ["nothing", [], "empty_file", null],
  ["an empty line", [chatLine("a"), "", chatLine("b")], "invalid_json_line", 2],
  ["too many lines", ["a", "b", "c", "d"].map((id) => chatLine(id)), "request_limit_exceeded", null],
  ["too many bytes", [chatLine("a", "x".repeat(2_000))], "file_too_large", null],
])("a batch with %s fails after validation", async (_, lines, code, at) => {
  await using rig = await openRig({ limits: { lines: 3, bytes: 2_000 } });
  const batch = await rig.run(lines);
  expect(batch).toMatchObject({
    status: "failed",
    output_file_id: null,
    error_file_id: null,
    errors: { object: "list", data: [{ code, line: at }] },
    request_counts: { total: 0, completed: 0, failed: 0 },
  });
  expect(batch.failed_at).toBeGreaterThan(0);
  expect(await rig.creates()).toMatchObject([
    { status: "failed", charge: { inputTokens: 0, outputTokens: 0 } },
  ]);
});

const strict = (schema: object) => ({
  response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
});
const text = { type: "string" };

test.each([
  ["a parameter nobody knows", { temprature: 1 }, "temprature"],
  ["no messages", { messages: undefined }, "messages"],
  ["an empty conversation", { messages: [] }, "messages"],
  ["a strange role", { messages: [{ role: "king", content: "x" }] }, "messages[0].role"],
  ["a temperature too high", { temperature: 3 }, "temperature"],
  ["streaming", { stream: true }, "stream"],
  [
    "an open object",
    strict({ type: "object", properties: { a: text }, required: ["a"] }),
    "response_format.json_schema",
  ],
  [
    "a property that is not required",
    strict({ type: "object", properties: { a: text }, required: [], additionalProperties: false }),
    "response_format.json_schema",
  ],
  [
    "allOf in the schema",
    strict({
      type: "object",
      properties: { a: { allOf: [text] } },
      required: ["a"],
      additionalProperties: false,
    }),
    "response_format.json_schema",
  ],
  ["a schema that is an array", strict({ type: "array", items: text }), "response_format.json_schema"],
])("a line with %s gets a 400 of its own", async (_, body, param) => {
  await using rig = await openRig();
  const batch = await rig.run([chatLine("good"), chatLine("bad", "x", body)]);
  expect(batch).toMatchObject({ status: "completed", request_counts: { total: 2, completed: 1, failed: 1 } });
  const [bad, ...rest] = await rig.results(batch.error_file_id);
  expect(rest).toEqual([]);
  expect(bad).toMatchObject({
    custom_id: "bad",
    error: null,
    response: { status_code: 400, body: { error: { type: "invalid_request_error", param } } },
  });
});

test("limits told by failing let the create pass and fail the job", async () => {
  await using rig = await openRig({
    pace: { jobMs: 60_000 },
    limits: { enqueuedTokens: { "gpt-4o-mini": 100 } },
  });
  await rig.create([chatLine("a", "x".repeat(100))]);
  const second = await rig.run([chatLine("b", "x".repeat(200))]);
  expect(second).toMatchObject({ status: "failed", errors: { data: [{ code: "token_limit_exceeded" }] } });
});

test("limits told at create refuse it, and let others pass", async () => {
  await using rig = await openRig({
    pace: { jobMs: 60_000 },
    limits: { toldBy: "create", concurrentBatches: 2, enqueuedTokens: { "gpt-4o-mini": 200 } },
  });
  await rig.create([chatLine("a", "x".repeat(300))]);
  await expect(rig.create([chatLine("b", "x".repeat(300))])).rejects.toMatchObject({
    status: 429,
    code: "token_limit_exceeded",
  });
  await rig.create([chatLine("c", "x", { model: "gpt-4o" })]);
  await expect(rig.create([chatLine("d", "x", { model: "gpt-4.1" })])).rejects.toMatchObject({
    status: 429,
    code: "rate_limit_exceeded",
  });
  expect(await rig.creates()).toHaveLength(2);
});

test("an account without money is refused at create", async () => {
  await using rig = await openRig({ keys: { exhausted: ["sk-test"] } });
  await expect(rig.create([chatLine("a")])).rejects.toMatchObject({
    status: 429,
    code: "insufficient_quota",
  });
  expect(await rig.creates()).toEqual([]);
});
