import { expect, test } from "vitest";
import type { ScenarioInput } from "../src/index.ts";
import { chatLine, openRig, until } from "./rig.ts";

const ten = Array.from({ length: 10 }, (_, index) => chatLine(`line-${index}`));
type FaultInput = NonNullable<ScenarioInput["faults"]>[number];

test("a job expires with the share of its lines that was finished", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "expire", share: 0.4 }] });
  const batch = await rig.run(ten);
  expect(batch.status).toBe("expired");
  expect(batch.expired_at).toBeGreaterThan(0);
  expect(await rig.results(batch.output_file_id)).toHaveLength(4);
  const undone = await rig.results(batch.error_file_id);
  expect(undone.map(({ error }) => error?.code)).toEqual(Array.from({ length: 6 }, () => "batch_expired"));
});

test("a job fails for a limit after a create that was answered with 200", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "fail", nth: 1 }] });
  expect(await rig.run(ten)).toMatchObject({
    status: "failed",
    errors: { data: [{ code: "token_limit_exceeded", line: null }] },
  });
  expect((await rig.run(ten)).status).toBe("completed");
});

test("a job of one model is stuck, others are not, and it can be cancelled", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "stuck", model: "gpt-4.1" }] });
  const stuck = await rig.create([chatLine("a", "x", { model: "gpt-4.1" })]);
  await rig.run(ten);
  expect(await rig.client.batches.retrieve(stuck.id)).toMatchObject({
    status: "in_progress",
    request_counts: { total: 1, completed: 0 },
  });
  await rig.client.batches.cancel(stuck.id);
  expect((await rig.ended(stuck.id)).status).toBe("cancelled");
});

test("a job hangs in finalizing", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "hang_finalizing", ms: 400 }] });
  const { id } = await rig.create(ten);
  const begun = await until(async () => {
    const { status } = await rig.client.batches.retrieve(id);
    return status === "finalizing" && Date.now();
  });
  expect((await rig.ended(id)).status).toBe("completed");
  expect(Date.now() - begun).toBeGreaterThan(300);
});

test("a cancellation takes its time", async () => {
  await using rig = await openRig({
    pace: { jobMs: 5_000 },
    faults: [{ on: "job", what: "slow_cancel", ms: 300 }],
  });
  const { id } = await rig.create(ten);
  await rig.client.batches.cancel(id);
  const begun = Date.now();
  await rig.ended(id);
  expect(Date.now() - begun).toBeGreaterThan(250);
});

test("a completed job names its file only after a while", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "late_output_file", ms: 300 }] });
  const early = await rig.run(ten);
  expect(early).toMatchObject({
    status: "completed",
    output_file_id: null,
    request_counts: { completed: 10 },
  });
  const named = await until(async () => (await rig.client.batches.retrieve(early.id)).output_file_id);
  expect(await rig.results(named)).toHaveLength(10);
});

test("an error file that is not there has an empty id", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "empty_file_ids" }] });
  const batch = await rig.run(ten);
  expect(batch.error_file_id).toBe("");
  expect(batch.output_file_id).toMatch(/^file-/);
});

test("a status nobody knows passes by", async () => {
  await using rig = await openRig({
    pace: { jobMs: 400 },
    faults: [{ on: "job", what: "unknown_status", status: "resting", ms: 200 }],
  });
  const { id } = await rig.create(ten);
  await until(async () => ((await rig.client.batches.retrieve(id)).status as string) === "resting");
  await until(async () => (await rig.client.batches.retrieve(id)).status === "in_progress");
  expect((await rig.ended(id)).status).toBe("completed");
});

test("a job is absent from the list, and unknown to whoever asks for it, for a while", async () => {
  await using rig = await openRig({
    faults: [
      { on: "job", what: "list_lag", ms: 300 },
      { on: "job", what: "get_lag", ms: 300 },
    ],
  });
  const { id } = await rig.create(ten);
  expect((await rig.client.batches.list()).data).toEqual([]);
  await expect(rig.client.batches.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await until(async () => (await rig.client.batches.list()).data.length === 1);
  expect((await rig.ended(id)).status).toBe("completed");
});

test("a job completes with all lines failed and no output file", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "all_lines_fail" }] });
  const batch = await rig.run(ten);
  expect(batch).toMatchObject({
    status: "completed",
    output_file_id: null,
    request_counts: { total: 10, completed: 0, failed: 10 },
  });
  expect(await rig.results(batch.error_file_id)).toHaveLength(10);
});

async function outputWith(...faults: FaultInput[]): Promise<string> {
  await using rig = await openRig({ faults });
  return await rig.raw((await rig.run(ten)).output_file_id);
}
const idsIn = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).custom_id as string);
const ids = Array.from({ length: 10 }, (_, index) => `line-${index}`);

test("result files have duplicate, missing and foreign lines", async () => {
  expect(idsIn(await outputWith({ on: "job", what: "duplicate_lines", count: 2 }))).toEqual([
    "line-0",
    "line-0",
    "line-1",
    ...ids.slice(1),
  ]);
  expect(idsIn(await outputWith({ on: "job", what: "missing_lines", share: 0.5 }))).toHaveLength(5);
  expect(idsIn(await outputWith({ on: "job", what: "foreign_lines" }))).toEqual([
    "line-0",
    "foreign-0",
    ...ids.slice(1),
  ]);
});

test("result files have corrupt and oversized lines", async () => {
  const corrupt = await outputWith({ on: "job", what: "corrupt_lines" });
  expect(() => JSON.parse(corrupt.split("\n")[0] ?? "")).toThrow(SyntaxError);
  expect(idsIn(corrupt.slice(corrupt.indexOf("\n")))).toEqual(ids.slice(1));
  const oversized = await outputWith({ on: "job", what: "oversized_line", bytes: 300_000 });
  expect(oversized.indexOf("\n")).toBe(300_000);
  expect(idsIn(oversized)).toEqual(ids);
});

test("result files have strange ends, beginnings and orders", async () => {
  const crlf = await outputWith({ on: "job", what: "crlf" }, { on: "job", what: "bom" });
  expect(crlf.match(/\r\n/g)).toHaveLength(10);
  const bare = await outputWith({ on: "job", what: "no_last_newline" });
  expect(bare.endsWith("}")).toBe(true);
  expect(idsIn(bare)).toEqual(ids);
  const mixed = idsIn(await outputWith({ on: "job", what: "out_of_order" }));
  expect(mixed).not.toEqual(ids);
  expect(mixed.toSorted()).toEqual(ids);
});

test("a byte order mark is the first thing in the file", async () => {
  await using rig = await openRig({ faults: [{ on: "job", what: "bom" }] });
  const batch = await rig.run(ten);
  const bytes = await (await rig.client.files.content(batch.output_file_id ?? "")).bytes();
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
});

test("a line has a byte that is no UTF-8, or a NUL, and the others are as they were", async () => {
  for (const [what, byte] of [
    ["invalid_utf8", 0xff],
    ["nul_bytes", 0],
  ] as const) {
    await using rig = await openRig({ faults: [{ on: "job", what }] });
    const batch = await rig.run(ten);
    const bytes = Buffer.from(await (await rig.client.files.content(batch.output_file_id ?? "")).bytes());
    const end = bytes.indexOf("\n");
    expect(bytes.filter((each) => each === byte)).toHaveLength(1);
    expect(bytes.subarray(0, end).includes(byte)).toBe(true);
    expect(idsIn(bytes.subarray(end + 1).toString())).toEqual(ids.slice(1));
  }
});
