import { tagOfCustomId } from "@granary/domain";
import { expect, test } from "vitest";
import { anthropicDialect, anthropicProvider, RESULTS_ARCHIVED } from "../src/index.ts";
import { testBatchProvider } from "./contract.ts";
import { created, items, linesOfJob, seen, settled } from "./contractSteps.ts";
import { simulatedRig } from "./simulatedRig.ts";

const { signal } = new AbortController();

const openRig = simulatedRig({
  dialect: anthropicDialect(),
  model: "claude-haiku-4-5",
  open: ({ key, url, timeouts }) =>
    anthropicProvider({ apiKey: `sk-ant-simulated-${key}`, baseUrl: `${url}/anthropic`, timeouts }),
});

testBatchProvider(
  "anthropic",
  {
    tags: "hidden",
    failures: "among results",
    answers: "file",
    jobs: "never fail",
    declines: { refusal: "refusal", filter: "refusal" },
    spent: "account",
    noJob: "msgbatch_none",
    pageSize: 1_000,
  },
  openRig,
);

test("whose a batch is shows in every line of its results", async () => {
  await using rig = await openRig({ rates: { error_500: 0.5 } });
  const job = await created(rig, "gr1234-abc", items(6));
  const lines = await linesOfJob(rig, await settled(rig, job.jobId));
  const tags = [...lines.values()].map(({ customId }) => tagOfCustomId(customId ?? ""));
  expect(tags).toEqual(Array(6).fill("gr1234-abc"));
});

test("a batch that is not found shortly after its create, and results shortly after its end, are there later", async () => {
  await using rig = await openRig({
    faults: [
      { on: "job", what: "get_lag", ms: 300 },
      { on: "job", what: "results_lag", ms: 700 },
    ],
  });
  const job = await created(rig, "t", items(2));
  expect(await rig.provider().get(job.jobId, { signal })).toBeNull();
  const ended = await settled(rig, job.jobId);
  await expect(linesOfJob(rig, ended)).rejects.toMatchObject({ why: "not_found" });
  const found = () =>
    linesOfJob(rig, ended).then(
      ({ size }) => size,
      () => 0,
    );
  await expect.poll(found, { timeout: 10_000 }).toBe(2);
});

test("counts move only when the batch ends", async () => {
  await using rig = await openRig({ pace: { jobMs: 500, lineMs: 0 } });
  const job = await created(rig, "t", items(4));
  const running = await seen(rig, job.jobId, ({ status }) => status === "running");
  expect(running.counts).toEqual({ total: 4, completed: 0, failed: 0 });
  expect((await settled(rig, job.jobId)).counts).toEqual({ total: 4, completed: 4, failed: 0 });
});

test("results that are no longer kept are unavailable, and nothing has failed", async () => {
  await using rig = await openRig({ pace: { resultsMs: 400 } });
  const job = await created(rig, "t", items(2));
  const ended = await settled(rig, job.jobId);
  const told = () =>
    rig
      .provider()
      .download(ended.files.results ?? "", { signal })
      .then(
        () => "there",
        (error: { readonly code?: string }) => error.code,
      );
  await expect.poll(told, { timeout: 10_000 }).toBe(RESULTS_ARCHIVED);
  expect(await rig.provider().get(job.jobId, { signal })).toMatchObject({ status: "completed" });
});
