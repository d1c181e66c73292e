import { expect, test } from "vitest";
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  type APIError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { readLedger, type ScenarioInput } from "../src/index.ts";
import { openAnthropicRig, request } from "./anthropicRig.ts";
import { until } from "./rig.ts";

type FaultInput = NonNullable<ScenarioInput["faults"]>[number];
const ids = Array.from({ length: 10 }, (_, index) => `t-${index}`);
const ten = ids.map((id) => request(id));

test.each([
  ["rate_limited", { status: 429, type: "rate_limit_error" }],
  ["quota_exhausted", { status: 400, type: "invalid_request_error" }],
  ["server_error", { status: 500, type: "api_error" }],
  ["unauthorized", { status: 401, type: "authentication_error" }],
  ["forbidden", { status: 403, type: "permission_error" }],
  ["not_found", { status: 404, type: "not_found_error" }],
] as const)("a create that is %s makes no job, and the next one does", async (what, error) => {
  await using rig = await openAnthropicRig({ faults: [{ on: "create", what, nth: 1 }] });
  await expect(rig.create(ten)).rejects.toMatchObject(error);
  expect(await rig.creates()).toEqual([]);
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toContain("refused");
  await rig.create(ten);
  expect(await rig.creates()).toHaveLength(1);
});

test("a rate limit says when to come back, and an overload has a status of its own", async () => {
  await using rig = await openAnthropicRig({
    faults: [
      { on: "list", what: "rate_limited", retryAfterMs: 1_500, nth: 1 },
      { on: "list", what: "server_error", status: 529, nth: 2 },
    ],
  });
  const limited = await rig.batches.list().catch((caught: unknown) => caught);
  expect(limited).toBeInstanceOf(RateLimitError);
  expect((limited as APIError).headers?.get("retry-after")).toBe("2");
  await expect(rig.batches.list()).rejects.toMatchObject({ status: 529, type: "overloaded_error" });
});

test("a lost response leaves a job behind that the caller was not told of", async () => {
  await using rig = await openAnthropicRig({ faults: [{ on: "create", what: "response_lost", nth: 1 }] });
  await expect(rig.create(ten)).rejects.toBeInstanceOf(APIConnectionError);
  expect((await rig.batches.list()).data).toMatchObject([{ request_counts: { processing: 10 } }]);
  expect(await rig.creates()).toMatchObject([{ tag: "t", answer: "lost", lines: 10 }]);
});

test("an SDK with its usual retries pays twice, and the ledger tells", async () => {
  await using rig = await openAnthropicRig({ faults: [{ on: "create", what: "response_lost", nth: 1 }] });
  await rig.batches.create({ requests: ten as never }, { maxRetries: 2 });
  expect((await rig.creates()).map(({ retryCount, tag }) => [retryCount, tag])).toEqual([
    [0, "t"],
    [1, "t"],
  ]);
});

test("a create fails after it was carried out, or its connection before anything happened", async () => {
  await using rig = await openAnthropicRig({
    faults: [
      { on: "create", what: "error_after", nth: 1 },
      { on: "create", what: "reset", nth: 2 },
    ],
  });
  await expect(rig.create(ten)).rejects.toMatchObject({ status: 500 });
  await expect(rig.create(ten)).rejects.toBeInstanceOf(APIConnectionError);
  expect(await rig.creates()).toMatchObject([{ answer: "error" }]);
});

test("a create that was held is carried out although its caller has gone", async () => {
  await using rig = await openAnthropicRig({
    faults: [{ on: "create", what: "held", delayMs: 300, nth: 1 }],
  });
  const call = rig.batches.create({ requests: ten as never }, { timeout: 100 });
  await expect(call).rejects.toBeInstanceOf(APIConnectionTimeoutError);
  expect(await rig.creates()).toEqual([]);
  await until(async () => (await rig.creates()).length === 1);
});

test("a batch is 404 after its create and heals, and so are its results after its end", async () => {
  await using rig = await openAnthropicRig({
    faults: [
      { on: "job", what: "get_lag", ms: 200 },
      { on: "job", what: "results_lag", ms: 400 },
    ],
  });
  const { id } = await rig.create(ten);
  await expect(rig.batches.retrieve(id)).rejects.toMatchObject({ status: 404, type: "not_found_error" });
  await until(() => rig.batches.retrieve(id).catch(() => null));
  const { results_url: url } = await rig.ended(id);
  expect(url).toContain(id);
  await expect(rig.batches.results(id)).rejects.toMatchObject({ status: 404 });
  await until(async () => (await rig.send(`/v1/messages/batches/${id}/results`)).status === 200);
});

test("a retrieve flaps", async () => {
  await using rig = await openAnthropicRig({ faults: [{ on: "get", what: "not_found", rate: 0.5 }] });
  const { id } = await rig.create(ten);
  const seen = new Set<number>();
  for (let count = 0; count < 40; count++) seen.add((await rig.send(`/v1/messages/batches/${id}`)).status);
  expect([...seen].toSorted((a, b) => a - b)).toEqual([200, 404]);
});

test("a batch has ended before its results are named", async () => {
  await using rig = await openAnthropicRig({ faults: [{ on: "job", what: "late_output_file", ms: 300 }] });
  const { id, results_url: early, request_counts: counts } = await rig.run(ten);
  expect([early, counts.succeeded]).toEqual([null, 10]);
  await until(async () => (await rig.batches.retrieve(id)).results_url);
  expect(await rig.results(id)).toHaveLength(10);
});

test("a batch is absent from the list for a while, is stuck, or has a status nobody knows", async () => {
  await using rig = await openAnthropicRig({
    pace: { jobMs: 300 },
    faults: [
      { on: "job", what: "list_lag", ms: 300, tag: "late" },
      { on: "job", what: "stuck", tag: "stuck" },
      { on: "job", what: "unknown_status", status: "resting", ms: 150, tag: "odd" },
    ],
  });
  await rig.create([request("late-0")]);
  expect((await rig.batches.list()).data).toEqual([]);
  await until(async () => (await rig.batches.list()).data.length === 1);
  const stuck = await rig.create([request("stuck-0")]);
  const odd = await rig.create([request("odd-0")]);
  await until(
    async () => (await rig.send(`/v1/messages/batches/${odd.id}`)).body.processing_status === "resting",
  );
  await rig.ended(odd.id);
  expect((await rig.batches.retrieve(stuck.id)).processing_status).toBe("in_progress");
  await rig.batches.cancel(stuck.id);
  expect((await rig.ended(stuck.id)).request_counts.canceled).toBe(1);
});

test("a batch cannot fail as a whole, but all its requests can", async () => {
  await using rig = await openAnthropicRig({
    faults: [
      { on: "job", what: "fail", tag: "a" },
      { on: "job", what: "all_lines_fail", tag: "b" },
    ],
  });
  expect((await rig.run([request("a-0")])).request_counts.succeeded).toBe(1);
  const failed = await rig.run([request("b-0"), request("b-1")]);
  expect(failed.request_counts).toMatchObject({ succeeded: 0, errored: 2 });
  expect((await rig.results(failed.id)).map(({ result }) => result.error?.error.type)).toEqual([
    "api_error",
    "api_error",
  ]);
});

async function resultsWith(...faults: FaultInput[]): Promise<string> {
  await using rig = await openAnthropicRig({ faults });
  return await rig.raw((await rig.run(ten)).id);
}
const idsIn = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).custom_id as string);

test("results have duplicate, missing, foreign and corrupt lines, strange ends and orders", async () => {
  expect(idsIn(await resultsWith({ on: "job", what: "duplicate_lines" }))).toEqual(["t-0", ...ids]);
  expect(idsIn(await resultsWith({ on: "job", what: "missing_lines" }))).toEqual(ids.slice(1));
  expect(idsIn(await resultsWith({ on: "job", what: "foreign_lines" }))[1]).toBe("foreign-0");
  const corrupt = (await resultsWith({ on: "job", what: "corrupt_lines" })).split("\n");
  expect(() => JSON.parse(corrupt[0] ?? "")).toThrow(SyntaxError);
  expect((await resultsWith({ on: "job", what: "crlf" })).match(/\r\n/g)).toHaveLength(10);
  const mixed = idsIn(await resultsWith({ on: "job", what: "out_of_order" }));
  expect(mixed).not.toEqual(ids);
  expect(mixed.toSorted()).toEqual(ids);
});

test("downloads are truncated, stalled and altered", async () => {
  await using rig = await openAnthropicRig({
    faults: [
      { on: "download", what: "truncated", nth: 1 },
      { on: "download", what: "altered", nth: 2 },
      { on: "download", what: "stalled", stallMs: 300, nth: 3 },
    ],
  });
  const { id } = await rig.run(ten);
  await expect(rig.raw(id)).rejects.toThrow(/terminated|closed/);
  const altered = await rig.raw(id);
  const begun = Date.now();
  const right = await rig.raw(id);
  expect(Date.now() - begun).toBeGreaterThanOrEqual(290);
  expect(altered).toHaveLength(right.length);
  expect(altered).not.toBe(right);
});

test("faults strike cancels and deletions as well", async () => {
  await using rig = await openAnthropicRig({
    pace: { jobMs: 5_000 },
    faults: [
      { on: "cancel", what: "server_error", status: 503, nth: 1 },
      { on: "delete", what: "response_lost", nth: 1 },
    ],
  });
  const { id } = await rig.create(ten);
  await expect(rig.batches.cancel(id)).rejects.toMatchObject({ status: 503 });
  await rig.batches.cancel(id);
  await rig.ended(id);
  await expect(rig.batches.delete(id)).rejects.toBeInstanceOf(APIConnectionError);
  await expect(rig.batches.retrieve(id)).rejects.toMatchObject({ status: 404 });
});
