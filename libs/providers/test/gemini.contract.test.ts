import { expect, test } from "vitest";
import type { Dialect } from "@granary/domain";
import { geminiDialect, geminiProvider, INPUT_FILE_GONE } from "../src/index.ts";
import { testBatchProvider } from "./contract.ts";
import {
  contextOf,
  create,
  created,
  endOf,
  inputs,
  items,
  linesOfJob,
  seen,
  settled,
  type ProviderNature,
} from "./contractSteps.ts";
import { simulatedRig } from "./simulatedRig.ts";

const { signal } = new AbortController();

const rigOf = (dialect: Dialect) =>
  simulatedRig({
    dialect,
    model: "gemini-2.5-flash",
    open: ({ key, url, timeouts }) =>
      geminiProvider({ apiKey: `simulated-${key}`, baseUrl: `${url}/gemini`, timeouts }),
  });
/** As it is: few lines travel in the create. */
const openInline = rigOf(geminiDialect());
/** As if there were many. */
const openFile = rigOf({ ...geminiDialect(), travels: () => "file" });

const nature: ProviderNature = {
  tags: "shown",
  failures: "among results",
  answers: "file",
  jobs: "may fail",
  declines: { refusal: "content_filter", filter: "content_filter" },
  spent: "limit",
  noJob: "batches/none",
  pageSize: 50,
};

testBatchProvider("gemini, its lines in a file", nature, openFile);
testBatchProvider("gemini, its lines in the create", { ...nature, answers: "inline" }, openInline);

test.each([
  ["inline though the lines were a file", openFile, "inline_answers"],
  ["in a file though the lines were inline", openInline, "file_answers"],
  ["in a file with the key where inline answers have it", openFile, "key_elsewhere"],
  ["inline with the key where files have it", openInline, "key_elsewhere"],
  ["inline, in another order", openInline, "out_of_order"],
] as const)("answers that come %s are the same answers", async (_what, openRig, what) => {
  await using rig = await openRig({ faults: [{ on: "job", what }] });
  const job = await created(rig, "t", items(7));
  const lines = await linesOfJob(rig, await settled(rig, job.jobId));
  expect([...lines.keys()].toSorted()).toEqual(Array.from({ length: 7 }, (_none, at) => `t-${at}`));
  expect([...lines.values()].map(endOf)).toEqual(Array(7).fill("stop"));
});

test("a job's states are read in the other spelling, too", async () => {
  await using rig = await openFile({
    pace: { jobMs: 60_000, cancellingMs: 400 },
    faults: [{ on: "job", what: "other_spelling" }],
  });
  const job = await created(rig, "t", items(2));
  expect(await rig.provider().cancel(job.jobId, { signal })).toBe(true);
  await seen(rig, job.jobId, ({ status }) => status === "cancelling");
  expect(await seen(rig, job.jobId, ({ status }) => status === "cancelled")).toMatchObject({
    rawStatus: "JOB_STATE_CANCELLED",
  });
});

test("an expired job that delivers nothing is not settled while it counts what was done", async () => {
  await using rig = await openFile({
    faults: [
      { on: "job", what: "expire", share: 0.5 },
      { on: "job", what: "no_partial_results" },
    ],
  });
  const job = await created(rig, "t", items(4));
  const ended = await seen(rig, job.jobId, ({ status }) => status === "expired");
  expect(ended.files).toEqual({});
  expect(rig.dialect.settled(ended)).toBe(ended.counts?.completed === 0);
});

test("a create for a file that was removed is refused, so that it is uploaded again", async () => {
  await using rig = await openFile({});
  const input = (await inputs(rig, "t", items(2)))();
  if (!("fileId" in input)) throw new Error("no file");
  await rig.provider().remove(input.fileId, { signal });
  const { model, endpoint } = contextOf(rig);
  expect(await rig.provider().create({ tag: "t", input, model, endpoint, timeoutMs: 5_000 })).toMatchObject({
    type: "refused",
    why: "unreachable",
    code: INPUT_FILE_GONE,
  });
  expect(await rig.creates()).toEqual([]);
});

test("a create for a model that nobody knows is refused for its request", async () => {
  await using rig = await openInline({});
  const answer = await create(rig, "t", items(1), { ...contextOf(rig), model: "gemini-0" });
  expect(answer).toMatchObject({ type: "refused", why: "request" });
});

test("a create above the account's number of jobs is refused for a limit", async () => {
  await using rig = await openInline({ pace: { jobMs: 60_000 }, limits: { concurrentBatches: 1 } });
  await created(rig, "t", items(1));
  expect(await create(rig, "u", items(1))).toMatchObject({ type: "refused", why: "limit" });
});
