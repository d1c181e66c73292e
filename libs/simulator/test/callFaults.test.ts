import { expect, test } from "vitest";
import { APIConnectionError, APIConnectionTimeoutError, type APIError, RateLimitError } from "openai";
import { readLedger } from "../src/index.ts";
import { chatLine, openRig, until } from "./rig.ts";

const good = { endpoint: "/v1/chat/completions", completion_window: "24h" } as const;

test("a lost response leaves a job behind that the caller was not told of", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "response_lost", nth: 1 }] });
  await expect(rig.create([chatLine("a")], "mine")).rejects.toBeInstanceOf(APIConnectionError);
  const { data } = await rig.client.batches.list();
  expect(data).toMatchObject([{ metadata: { granary_tag: "mine" } }]);
  expect(await rig.creates()).toMatchObject([{ tag: "mine", answer: "lost" }]);
  await rig.create([chatLine("a")], "other");
  expect((await rig.creates()).map(({ answer }) => answer)).toEqual(["lost", "sent"]);
});

test("an SDK with its usual retries pays twice, and the ledger tells", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "response_lost", nth: 1 }] });
  const { id } = await rig.upload([chatLine("a")]);
  await rig.client.batches.create({ input_file_id: id, ...good }, { maxRetries: 2 });
  expect((await rig.creates()).map(({ retryCount }) => retryCount)).toEqual([0, 1]);
});

test("a 500 after the create leaves a job behind", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "error_after", times: 1 }] });
  await expect(rig.create([chatLine("a")])).rejects.toMatchObject({ status: 500, type: "server_error" });
  expect(await rig.creates()).toMatchObject([{ answer: "error" }]);
});

test.each([
  ["rate_limited", { status: 429, code: "rate_limit_exceeded" }],
  ["quota_exhausted", { status: 429, code: "insufficient_quota" }],
  ["server_error", { status: 500 }],
  ["unauthorized", { status: 401, code: "invalid_api_key" }],
  ["not_found", { status: 404 }],
] as const)("a create that is %s makes no job, and the next one does", async (what, error) => {
  await using rig = await openRig({ faults: [{ on: "create", what, nth: 1 }] });
  await expect(rig.create([chatLine("a")])).rejects.toMatchObject(error);
  expect(await rig.creates()).toEqual([]);
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toContain("refused");
  await rig.create([chatLine("a")]);
  expect(await rig.creates()).toHaveLength(1);
});

test("a rate limit says when to come back", async () => {
  await using rig = await openRig({ faults: [{ on: "list", what: "rate_limited", retryAfterMs: 1_500 }] });
  const error = await rig.client.batches.list().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RateLimitError);
  expect((error as APIError).headers?.get("retry-after")).toBe("2");
  expect((error as APIError).requestID).toMatch(/^req_/);
});

test("a connection that is reset before anything happened leaves nothing behind", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "reset", nth: 1 }] });
  await expect(rig.create([chatLine("a")])).rejects.toBeInstanceOf(APIConnectionError);
  expect(await rig.creates()).toEqual([]);
});

test("a late answer is too late for a caller in a hurry, and the job is there at once", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "late", delayMs: 2_000, nth: 1 }] });
  const { id } = await rig.upload([chatLine("a")]);
  const call = rig.client.batches.create({ input_file_id: id, ...good }, { timeout: 150 });
  await expect(call).rejects.toBeInstanceOf(APIConnectionTimeoutError);
  expect(await rig.creates()).toMatchObject([{ answer: "late" }]);
});

test("a create that was held finds its file deleted, and makes no job", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "held", delayMs: 300, nth: 1 }] });
  const { id } = await rig.upload([chatLine("a")]);
  const call = rig.client.batches.create({ input_file_id: id, ...good }, { timeout: 100 });
  await expect(call).rejects.toBeInstanceOf(APIConnectionTimeoutError);
  await rig.client.files.delete(id);
  await until(async () => (await readLedger(rig.folder)).some(({ kind }) => kind === "refused"));
  expect(await rig.creates()).toEqual([]);
});

test("a create that was held is carried out although its caller has gone", async () => {
  await using rig = await openRig({ faults: [{ on: "create", what: "held", delayMs: 200, nth: 1 }] });
  const { id } = await rig.upload([chatLine("a")]);
  const call = rig.client.batches.create({ input_file_id: id, ...good }, { timeout: 50 });
  await expect(call).rejects.toBeInstanceOf(APIConnectionTimeoutError);
  expect(await rig.creates()).toEqual([]);
  await until(async () => (await rig.creates()).length === 1);
});

test("faults strike uploads, retrieves, cancels and deletions as well", async () => {
  await using rig = await openRig({
    pace: { jobMs: 5_000 },
    faults: [
      { on: "upload", what: "rate_limited", nth: 1 },
      { on: "get", what: "not_found", nth: 1, times: 2 },
      { on: "cancel", what: "server_error", status: 503, nth: 1 },
      { on: "delete", what: "response_lost", nth: 1 },
    ],
  });
  await expect(rig.upload([chatLine("a")])).rejects.toMatchObject({ status: 429 });
  const batch = await rig.create([chatLine("a")]);
  for (let count = 0; count < 2; count++)
    await expect(rig.client.batches.retrieve(batch.id)).rejects.toMatchObject({ status: 404 });
  expect((await rig.client.batches.retrieve(batch.id)).id).toBe(batch.id);
  await expect(rig.client.batches.cancel(batch.id)).rejects.toMatchObject({ status: 503 });
  expect((await rig.client.batches.cancel(batch.id)).status).toBe("cancelling");
  await expect(rig.client.files.delete(batch.input_file_id)).rejects.toBeInstanceOf(APIConnectionError);
  await expect(rig.client.files.retrieve(batch.input_file_id)).rejects.toMatchObject({ status: 404 });
});

test("a fault strikes only the model, the tag or the share it names", async () => {
  await using rig = await openRig({
    faults: [
      { on: "create", what: "server_error", model: "gpt-4o" },
      { on: "create", what: "unauthorized", tag: "doomed" },
      { on: "list", what: "server_error", rate: 0.5 },
    ],
  });
  await rig.create([chatLine("a")]);
  await expect(rig.create([chatLine("a", "x", { model: "gpt-4o" })])).rejects.toMatchObject({ status: 500 });
  await expect(rig.create([chatLine("a")], "the-doomed-one")).rejects.toMatchObject({ status: 401 });
  let failed = 0;
  for (let count = 0; count < 40; count++) await rig.client.batches.list().catch(() => failed++);
  expect(failed).toBeGreaterThan(8);
  expect(failed).toBeLessThan(32);
});

const many = Array.from({ length: 3_000 }, (_, index) => chatLine(`line-${index}`));

test("a truncated download breaks, and the next one is whole", async () => {
  await using rig = await openRig({ faults: [{ on: "download", what: "truncated", nth: 1 }] });
  const batch = await rig.run(many);
  await expect(rig.raw(batch.output_file_id)).rejects.toThrow(/terminated|closed/);
  expect(await rig.results(batch.output_file_id)).toHaveLength(3_000);
});

test("a truncated download that announces no length ends as if that were all", async () => {
  await using rig = await openRig({
    faults: [{ on: "download", what: "truncated", share: 0.5, announced: false, nth: 1 }],
  });
  const batch = await rig.run(many);
  const part = await rig.raw(batch.output_file_id);
  const whole = await rig.raw(batch.output_file_id);
  expect(whole.startsWith(part)).toBe(true);
  expect(part.length / whole.length).toBeCloseTo(0.5, 1);
});

test("a stalled download goes on after its pause", async () => {
  await using rig = await openRig({ faults: [{ on: "download", what: "stalled", stallMs: 300, nth: 1 }] });
  const batch = await rig.run(many);
  const begun = Date.now();
  expect(await rig.results(batch.output_file_id)).toHaveLength(3_000);
  expect(Date.now() - begun).toBeGreaterThanOrEqual(290);
});

test("an altered download differs in one byte", async () => {
  await using rig = await openRig({ faults: [{ on: "download", what: "altered", nth: 1 }] });
  const batch = await rig.run(many);
  const [altered, right] = [await rig.raw(batch.output_file_id), await rig.raw(batch.output_file_id)];
  expect(altered).toHaveLength(right.length);
  expect(altered.split("").filter((letter, index) => letter !== right[index])).toHaveLength(1);
});
