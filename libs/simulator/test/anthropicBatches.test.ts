import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { openAnthropicRig, request } from "./anthropicRig.ts";
import { until } from "./rig.ts";

const NOTHING = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };

test("a batch is in progress until it ends, and its counts move only then", async () => {
  await using rig = await openAnthropicRig({ pace: { validatingMs: 50, jobMs: 100 } });
  const created = await rig.create([request("t1-0", "one"), request("t1-1", "two")]);
  expect(created).toMatchObject({
    id: expect.stringMatching(/^msgbatch_01/),
    type: "message_batch",
    processing_status: "in_progress",
    request_counts: { ...NOTHING, processing: 2 },
    ended_at: null,
    results_url: null,
    archived_at: null,
    cancel_initiated_at: null,
  });
  expect(Date.parse(created.expires_at) - Date.parse(created.created_at)).toBe(24 * 3_600_000);
  const counts = new Set<number>();
  const batch = await until(async () => {
    const now = await rig.batches.retrieve(created.id);
    counts.add(now.request_counts.succeeded);
    return now.processing_status === "ended" && now;
  });
  expect([...counts]).toEqual([0, 2]);
  expect(batch.request_counts).toEqual({ ...NOTHING, succeeded: 2 });
  expect(batch.results_url).toBe(`${rig.root}/v1/messages/batches/${batch.id}/results`);
  const used = { input: 0, output: 0 };
  const ids: string[] = [];
  for await (const { custom_id: customId, result } of await rig.batches.results(batch.id)) {
    ids.push(customId);
    expect(result).toMatchObject({
      type: "succeeded",
      message: {
        type: "message",
        role: "assistant",
        model: "claude-sonnet-4-5",
        content: [{ type: "text", text: expect.any(String) }],
        stop_reason: "end_turn",
        usage: { service_tier: "batch" },
      },
    });
    if (result.type !== "succeeded") continue;
    used.input += result.message.usage.input_tokens;
    used.output += result.message.usage.output_tokens;
  }
  expect(ids).toEqual(["t1-0", "t1-1"]);
  expect(await rig.creates()).toMatchObject([
    {
      provider: "anthropic",
      jobId: batch.id,
      tag: "t1",
      ordinal: 1,
      lines: 2,
      inputLines: 2,
      inputFileId: null,
      model: "claude-sonnet-4-5",
      status: "completed",
      charge: { inputTokens: used.input, outputTokens: used.output },
    },
  ]);
});

test.each([
  [["abc-0", "abc-1", "abc-1z"], "abc"],
  [["a-b-0"], "a-b"],
  [["only"], "only"],
  [["x1", "x2"], "x"],
  [["left-1", "right-1"], null],
])("the ledger's tag of %j is %s", async (ids, tag) => {
  await using rig = await openAnthropicRig();
  await rig.create(ids.map((id) => request(id)));
  expect((await rig.creates())[0]?.tag).toBe(tag);
});

test("the list is newest first, and paged in both directions", async () => {
  await using rig = await openAnthropicRig();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.unshift((await rig.create([request(`r-${count}`)])).id);
  const all: string[] = [];
  for await (const { id } of rig.batches.list({ limit: 2 })) all.push(id);
  expect(all).toEqual(ids);
  const list = async (query: string) => {
    const { body } = await rig.send(`/v1/messages/batches?${query}`);
    return { ids: body.data?.map(({ id }: { id: string }) => id), ...body };
  };
  expect(await list(`limit=2&after_id=${ids[0]}`)).toMatchObject({
    ids: ids.slice(1, 3),
    has_more: true,
    first_id: ids[1],
    last_id: ids[2],
  });
  expect(await list(`limit=2&before_id=${ids[4]}`)).toMatchObject({ ids: ids.slice(2, 4), has_more: true });
  expect(await list(`limit=9&before_id=${ids[1]}`)).toMatchObject({ ids: [ids[0]], has_more: false });
  expect(await list("limit=1000")).toMatchObject({ ids, has_more: false });
  for (const wrong of ["limit=0", "limit=1001", "limit=x", `after_id=${ids[0]}&before_id=${ids[1]}`])
    expect((await list(wrong)).error.type).toBe("invalid_request_error");
  expect((await list("after_id=msgbatch_none")).error.type).toBe("not_found_error");
  expect(await rig.sdkFor("sk-other").messages.batches.list()).toMatchObject({
    data: [],
    has_more: false,
    first_id: null,
    last_id: null,
  });
});

test("a cancelled batch names every request, those that were done and those that were not", async () => {
  await using rig = await openAnthropicRig({ pace: { jobMs: 2_000, cancellingMs: 20 } });
  const { id } = await rig.create(Array.from({ length: 50 }, (_, index) => request(`c-${index}`)));
  // Nothing shows how far it is; it began when its requests had been read.
  await until(async () => {
    const text = await readFile(join(rig.folder, "ledger.jsonl"), "utf8");
    const read = text.split("\n").find((line) => line.includes('"kind":"read"'));
    return read !== undefined && Date.now() > JSON.parse(read).at + 100;
  });
  expect(await rig.batches.cancel(id)).toMatchObject({
    processing_status: "canceling",
    cancel_initiated_at: expect.any(String),
    request_counts: { processing: 50 },
  });
  expect((await rig.batches.cancel(id)).id).toBe(id);
  const batch = await rig.ended(id);
  const results = await rig.results(id);
  const of = (type: string) => results.filter(({ result }) => result.type === type).length;
  expect(of("succeeded")).toBeGreaterThan(0);
  expect(of("canceled")).toBeGreaterThan(0);
  expect(batch.request_counts).toEqual({
    ...NOTHING,
    succeeded: of("succeeded"),
    canceled: of("canceled"),
  });
  expect(of("succeeded") + of("canceled")).toBe(50);
  await expect(rig.batches.cancel(id)).rejects.toMatchObject({ status: 400, type: "invalid_request_error" });
  await expect(rig.batches.cancel("msgbatch_none")).rejects.toMatchObject({ status: 404 });
  expect((await readLedger(rig.folder)).filter(({ kind }) => kind === "cancel")).toHaveLength(1);
});

test("a batch that is cancelled before it begins has all its requests canceled", async () => {
  await using rig = await openAnthropicRig({ pace: { validatingMs: 60_000 } });
  const { id } = await rig.create([request("a"), request("b")]);
  await rig.batches.cancel(id);
  expect((await rig.ended(id)).request_counts).toEqual({ ...NOTHING, canceled: 2 });
  expect((await rig.results(id)).map(({ result }) => result)).toEqual([
    { type: "canceled" },
    { type: "canceled" },
  ]);
});

test("requests that were not done at the end of the window are expired", async () => {
  await using rig = await openAnthropicRig({ faults: [{ on: "job", what: "expire", share: 0.5 }] });
  const batch = await rig.run([request("a"), request("b")]);
  expect(batch.request_counts).toEqual({ ...NOTHING, succeeded: 1, expired: 1 });
  expect((await rig.results(batch.id)).map(({ result }) => result.type).toSorted()).toEqual([
    "expired",
    "succeeded",
  ]);
});

test("there are no results before the end, and none after 29 days", async () => {
  await using rig = await openAnthropicRig({ pace: { jobMs: 100, resultsMs: 600 } });
  const { id } = await rig.create([request("a")]);
  const path = `/v1/messages/batches/${id}/results`;
  expect(await rig.send(path)).toMatchObject({
    status: 404,
    body: { type: "error", error: { type: "not_found_error" } },
  });
  await rig.ended(id);
  expect((await rig.send(path)).status).toBe(200);
  const archived = await until(async () => {
    const batch = await rig.batches.retrieve(id);
    return batch.archived_at !== null && batch;
  });
  expect(archived).toMatchObject({ processing_status: "ended", results_url: null });
  expect((await rig.send(path)).status).toBe(404);
});

test("a batch can be deleted once it has ended", async () => {
  await using rig = await openAnthropicRig({ pace: { jobMs: 100 } });
  const { id } = await rig.create([request("a")]);
  await expect(rig.batches.delete(id)).rejects.toMatchObject({ status: 400 });
  await rig.ended(id);
  expect(await rig.batches.delete(id)).toEqual({ id, type: "message_batch_deleted" });
  await expect(rig.batches.retrieve(id)).rejects.toMatchObject({ status: 404 });
  expect((await rig.batches.list()).data).toEqual([]);
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toEqual(["create", "job_deleted"]);
});

test("batches of one key are unknown under another", async () => {
  await using rig = await openAnthropicRig();
  const { id } = await rig.run([request("a")]);
  const other = rig.sdkFor("sk-other").messages.batches;
  for (const call of [() => other.retrieve(id), () => other.cancel(id), () => other.delete(id)])
    await expect(call()).rejects.toMatchObject({ status: 404, type: "not_found_error" });
  const headers = { "x-api-key": "sk-other" };
  expect((await rig.send(`/v1/messages/batches/${id}/results`, { headers })).status).toBe(404);
});

test("keys come in either header, and the API's version must be named", async () => {
  await using rig = await openAnthropicRig({ keys: { revoked: ["sk-gone"] } });
  const version = { "anthropic-version": "2026-10-21" };
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${rig.root}/v1/messages/batches`, { headers });
    return {
      status: response.status,
      id: response.headers.get("request-id"),
      body: (await response.json()) as { request_id: string },
    };
  };
  expect((await ask({ ...version, "x-api-key": "sk-a" })).status).toBe(200);
  expect((await ask({ ...version, authorization: "Bearer sk-a" })).status).toBe(200);
  for (const key of ["sk-gone", "AIzaSomething"])
    expect(await ask({ ...version, "x-api-key": key })).toMatchObject({
      status: 401,
      body: { error: { type: "authentication_error" } },
    });
  const bare = await ask(version);
  expect(bare).toMatchObject({ status: 401, id: expect.stringMatching(/^req_/) });
  expect(bare.body.request_id).toBe(bare.id);
  expect(await ask({ "x-api-key": "sk-a" })).toMatchObject({
    status: 400,
    body: {
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining("version") },
    },
  });
  expect((await rig.send("/v1/nowhere")).body.error.type).toBe("not_found_error");
});

test("jobs and ledger tell the provider, and hold no key", async () => {
  await using rig = await openAnthropicRig();
  const { id } = await rig.run([request("t-0")]);
  const jobs = await (await fetch(`${rig.url}/jobs`)).text();
  expect(JSON.parse(jobs).jobs).toMatchObject([{ provider: "anthropic", jobId: id, tag: "t" }]);
  const ledger = await (await fetch(`${rig.url}/ledger`)).text();
  expect(ledger + jobs).not.toContain("sk-ant-test");
});
