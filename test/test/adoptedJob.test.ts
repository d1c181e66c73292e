import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { createGeminiJob, geminiLine } from "../src/e2e/geminiScriptJob.ts";
import { COLOUR } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { createScriptJob, scriptLine } from "../src/e2e/scriptJob.ts";
import { openSite, SOURCE, stopped } from "../src/e2e/site.ts";
import type { Site } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const ACCOUNT = "openai:simulated";
const TEST_MS = 120_000;
const QUICK = { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50, jitter: 0 };
/** Long enough for a job to be seen while it runs. */
const SLOW = { ...QUICK, jobMs: 15_000 };
/** So long that only a cancellation ends it within a test. */
const ENDLESS = { ...QUICK, jobMs: 600_000, cancellingMs: 100 };

const linesOf = (count: number, text?: string) =>
  Array.from({ length: count }, (_, at) => scriptLine(`row/${at} of mine`, text));

interface Row {
  readonly key: string;
  readonly status: string;
  readonly reason?: string;
  readonly output?: unknown;
}

interface Jobs {
  readonly jobs: readonly { readonly jobId: string; readonly owner: string; readonly ageMs: number }[];
}

async function json<T>(site: Pick<Site, "granary">, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await site.granary(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  return JSON.parse(stdout) as T;
}

const adopt = (jobId: string, input: string, ...more: readonly string[]): readonly string[] => [
  "jobs",
  "adopt",
  jobId,
  "--input",
  input,
  "--source",
  SOURCE,
  ...more,
];

/** The rows of an ended request, in the order of its items. */
async function rowsOf(site: Pick<Site, "granary">, requestId: string): Promise<readonly Row[]> {
  const { stdout } = await site.granary("results", requestId, "--source", SOURCE);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

/** What the checker and the ledger say, with nobody at work: nothing wrong, and as many jobs as there were. */
async function provesClean(site: Site, jobs: number): Promise<void> {
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates).toHaveLength(jobs);
}

test(
  "a script's running job is shown as foreign, adopted, watched and harvested under the script's own keys",
  async () => {
    const site = await openSite(await rigOfTest(), { pace: SLOW });
    const up = await site.up();
    const lines = linesOf(40);
    const job = await createScriptJob(site.rig, site.simulator.url, lines);
    const foreign = await json<Jobs>(site, "jobs", "--foreign", "--account", ACCOUNT);
    expect(foreign.jobs).toMatchObject([{ jobId: job.jobId, owner: "foreign" }]);
    expect(foreign.jobs[0]?.ageMs).toBeGreaterThanOrEqual(0);
    const { store } = site.workspace;
    await waitUntil("it counts in admission", async () => (await store.usage(ACCOUNT)).foreign.jobs === 1);

    const requestId = `adopt-${job.jobId}`;
    const adopted = await json(site, ...adopt(job.jobId, job.input));
    expect(adopted).toMatchObject({ requestId, status: "accepted" });
    await waitUntil("it counts once", async () => {
      const { jobs, foreign: others } = await store.usage(ACCOUNT);
      return jobs === 1 && others.jobs === 0;
    });
    expect(await json(site, ...adopt(job.jobId, job.input))).toEqual(adopted);
    expect((await json<Jobs>(site, "jobs", "--foreign")).jobs).toEqual([]);
    expect((await json<Jobs>(site, "jobs")).jobs).toMatchObject([{ jobId: job.jobId, owner: "held" }]);

    const ended = await site.reaches(requestId, "ended", 60_000);
    expect(ended).toMatchObject({ result: "succeeded", counts: { succeeded: 40 } });
    expect(ended.costMicros).toBeGreaterThan(0);
    const rows = await rowsOf(site, requestId);
    expect(rows.map(({ key }) => key)).toEqual(
      linesOf(40).map((line) => (line as { custom_id: string }).custom_id),
    );
    expect(await json(site, ...adopt(job.jobId, job.input))).toEqual({
      ...(adopted as object),
      status: "ended",
    });
    await site.settles();
    expect(await job.hasFiles()).toBe(true);
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

test(
  "a large job that ended before anybody adopted it, half done, gives what it has, and no other one is created",
  async () => {
    const faults = [{ on: "job", what: "expire", rate: 1, share: 0.5 }] as const;
    const site = await openSite(await rigOfTest(), { pace: QUICK, faults: [...faults] });
    // Over 256 KiB, so that its items travel beside the command.
    const job = await createScriptJob(site.rig, site.simulator.url, linesOf(1_300, "x".repeat(200)));
    await waitUntil("it has expired", async () => (await job.status()) === "expired");
    const reply = await json(site, ...adopt(job.jobId, job.input, "--id", "nightly"));
    expect(reply).toMatchObject({ requestId: "nightly", status: "accepted" });
    const up = await site.up();
    const ended = await site.reaches("nightly", "ended", 60_000);
    expect(ended).toMatchObject({ result: "partial", itemCount: 1_300 });
    const { succeeded = 0, expired = 0 } = ended.counts ?? {};
    expect(succeeded + expired).toBe(1_300);
    expect(Math.min(succeeded, expired)).toBeGreaterThan(100);
    await site.settles();
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

test(
  "what an adopted job left undone travels in a job of ours where that was asked for, and all answers fit the schema",
  async () => {
    const faults = [{ on: "job", what: "expire", rate: 1, share: 0.5 }] as const;
    const site = await openSite(await rigOfTest(), { pace: QUICK, faults: [...faults] });
    const { name, schema } = COLOUR;
    const format = { response_format: { type: "json_schema", json_schema: { name, schema, strict: true } } };
    const lines = Array.from({ length: 60 }, (_, at) => scriptLine(`c${at}`, "Which colour?", format));
    const job = await createScriptJob(site.rig, site.simulator.url, lines);
    await waitUntil("it has expired", async () => (await job.status()) === "expired");
    await site.simulator.change({ pace: QUICK });
    const file = join(site.rig.folder, "colour.json");
    await writeFile(file, JSON.stringify(schema));
    await json(site, ...adopt(job.jobId, job.input, "--schema", file, "--attempts", "2"));
    const up = await site.up();
    const requestId = `adopt-${job.jobId}`;
    expect(await site.reaches(requestId, "ended", 60_000)).toMatchObject({
      result: "succeeded",
      counts: { succeeded: 60 },
    });
    const outputs = (await rowsOf(site, requestId)).map(({ output }) => output);
    expect(outputs).toEqual(outputs.map(() => ({ colour: expect.any(String), warm: expect.any(Boolean) })));
    await site.settles();
    const tasks = await site.workspace.store.tasks({ account: ACCOUNT }, { limit: 9 });
    expect(
      tasks.map(({ foreign = false, state }) => ({ foreign, state })).toSorted((a) => (a.foreign ? -1 : 1)),
    ).toEqual([
      { foreign: true, state: "ended" },
      { foreign: false, state: "ended" },
    ]);
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 2);
  },
  TEST_MS,
);

test(
  "an adopted job is cancelled when its request is, and not before",
  async () => {
    const site = await openSite(await rigOfTest(), { pace: ENDLESS });
    const up = await site.up();
    const job = await createScriptJob(site.rig, site.simulator.url, linesOf(5));
    const requestId = `adopt-${job.jobId}`;
    await json(site, ...adopt(job.jobId, job.input));
    await waitUntil("it is seen to run", async () => {
      const [task] = await site.workspace.store.tasks({ account: ACCOUNT }, { limit: 1 });
      return task?.view?.rawStatus === "in_progress";
    });
    expect(await job.status()).toBe("in_progress");
    expect((await site.granary("cancel", requestId, "--source", SOURCE)).code).toBe(0);
    expect(await site.reaches(requestId, "ended", 60_000)).toMatchObject({
      result: "cancelled",
      counts: { cancelled: 5 },
    });
    expect(await job.status()).toBe("cancelled");
    await site.settles();
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

test(
  "an adopted job is cancelled at its request's deadline",
  async () => {
    const site = await openSite(await rigOfTest(), { pace: ENDLESS });
    const up = await site.up();
    const job = await createScriptJob(site.rig, site.simulator.url, linesOf(5));
    await json(site, ...adopt(job.jobId, job.input, "--deadline", "3s"));
    expect(await site.reaches(`adopt-${job.jobId}`, "ended", 60_000)).toMatchObject({
      result: "timed_out",
      counts: { expired: 5 },
    });
    expect(await job.status()).toBe("cancelled");
    await site.settles();
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

test(
  "items the job never had are told as missing, and its lines that are no item's are counted",
  async () => {
    const site = await openSite(await rigOfTest(), { pace: QUICK });
    const up = await site.up();
    const job = await createScriptJob(site.rig, site.simulator.url, linesOf(6));
    const other = join(site.rig.folder, "other.jsonl");
    const lines = linesOf(6).with(1, scriptLine("x")).with(4, scriptLine("y"));
    await writeFile(other, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await json(site, ...adopt(job.jobId, other));
    const requestId = `adopt-${job.jobId}`;
    expect(await site.reaches(requestId, "ended", 60_000)).toMatchObject({ result: "partial" });
    const rows = await rowsOf(site, requestId);
    expect(
      rows.map(({ key, status, reason }) => (status === "succeeded" ? "ok" : `${key} ${reason}`)),
    ).toEqual(["ok", "x missing", "ok", "ok", "y missing", "ok"]);
    const [task] = await site.workspace.store.tasks({ account: ACCOUNT }, { limit: 1 });
    expect(task?.verdicts?.aside).toEqual({ duplicate: 0, foreign: 2, detached: 0 });
    await site.settles();
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

test(
  "a script's Gemini job is adopted by its name, with the model told beside it",
  async () => {
    const site = await openSite(await rigOfTest(), { pace: QUICK }, { GRANARY_GEMINI_MODE: "simulated" });
    const up = await site.up();
    const keys = Array.from({ length: 12 }, (_, at) => `Schlüssel ${11 - at}`);
    const job = await createGeminiJob(site.rig, site.simulator.url, keys.map(geminiLine));
    const nameless = await site.granary(...adopt(job.jobId, job.input));
    expect(nameless).toMatchObject({ code: 2, stdout: "" });
    expect(nameless.stderr).toContain("model: is in no line: give --model");
    await json(site, ...adopt(job.jobId, job.input, "--model", "gemini-2.5-flash"));
    const requestId = `adopt-${job.jobId}`;
    expect(await site.reaches(requestId, "ended", 60_000)).toMatchObject({
      result: "succeeded",
      account: "gemini:simulated",
    });
    expect((await rowsOf(site, requestId)).map(({ key }) => key)).toEqual(keys);
    await site.settles();
    expect((await stopped(up)).code).toBe(0);
    await provesClean(site, 1);
  },
  TEST_MS,
);

describe("nothing is done, and every fault is told,", () => {
  test(
    "where the job is unknown, ours, or held, or the file is another one",
    async () => {
      const site = await openSite(await rigOfTest(), { pace: ENDLESS });
      const up = await site.up();
      const job = await createScriptJob(site.rig, site.simulator.url, linesOf(5));
      const { store } = site.workspace;
      const said = async (...args: readonly string[]): Promise<string> => {
        const before = (await store.requests({}, { limit: 9 })).length;
        const { code, stdout, stderr } = await site.granary(...args);
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        expect(await store.requests({}, { limit: 9 })).toHaveLength(before);
        return stderr;
      };
      expect(await said(...adopt("batch_unknown", job.input))).toContain(
        `batch_unknown is not under this account: ${ACCOUNT} was asked`,
      );
      expect(await said(...adopt(job.jobId, job.input, "--account", "gemini:simulated"))).toContain(
        "gemini:simulated is no account at openai",
      );
      expect(await said(...adopt(job.jobId, "none.jsonl"))).toContain("there is no such file");

      const wrong = join(site.rig.folder, "wrong.jsonl");
      const [good, ...rest] = linesOf(5).map((line) => JSON.stringify(line));
      const text = [
        good,
        "",
        "{ no JSON",
        '{"custom_id": "a", "method": "GET", "body": {"model": "gpt-4o-mini", "messages": [{}]}}',
        '{"custom_id": "b", "method": "POST", "url": "/v1/responses", "body": {"model": "gpt-4o-mini", "input": "x"}}',
        '{"key": "c", "request": {}}',
      ];
      await writeFile(wrong, text.join("\n"));
      const faults = await said(...adopt("batch_unknown", wrong));
      for (const fault of [
        "line 3: is no JSON",
        'line 4.url (key "a"): is missing',
        'line 4.method (key "a"): is POST in every line',
        'line 5.url (key "b"): is /v1/responses, the lines before have /v1/chat/completions',
        "line 6: has not the form of the lines before",
        "batch_unknown is not under this account",
      ])
        expect(faults).toContain(fault);
      expect(faults).not.toMatch(/line [12]\b/);

      const twice = [good, "", good, JSON.stringify(scriptLine("z", "")).replace("gpt-4o-mini", "gpt-4o")];
      await writeFile(wrong, twice.join("\n"));
      const double = await said(...adopt("batch_unknown", wrong));
      expect(double).toMatch(/line 3 .*is used already, at line 1/);
      expect(double).toMatch(/line 4\.body\.model .*a job has one model/);
      expect(double).toContain("batch_unknown is not under this account");

      await writeFile(wrong, rest.join("\n"));
      await waitUntil("the job has counted its lines", async () => (await job.status()) === "in_progress");
      expect(await said(...adopt(job.jobId, wrong))).toContain(
        `there are 4 items, and ${job.jobId} has 5 lines: give the file that was uploaded for it`,
      );

      await site.submit({ requestId: "own", items: [{ key: "a", prompt: "Hi" }] });
      const own = await waitUntil("a job of ours is there", async () => {
        const [task] = await store.tasks({ states: ["running"] }, { limit: 1 });
        return task?.view?.jobId;
      });
      expect(await said(...adopt(own, job.input))).toMatch(/is held already, by task gr\S+, for request own/);
      await json(site, ...adopt(job.jobId, job.input));
      expect(await said(...adopt(job.jobId, job.input, "--id", "another"))).toContain("is held already");
      expect(await said(...adopt(job.jobId, job.input, "--model", "gpt-4o"))).toContain(
        "a job has one model",
      );
      expect((await stopped(up)).code).toBe(0);
    },
    TEST_MS,
  );
});

onSqlite(({ kind }) => {
  const site = siteOfTests({ store: kind, scenario: { pace: { ...QUICK, jobMs: 2_000 } }, replicas: 1 });

  test(
    "a script's job is adopted over the wire, with its items in the command or beside it",
    async () => {
      const { rig, stack, ends, settles, prove, stops } = site();
      const small = await createScriptJob(rig, stack.simulator.url, linesOf(20));
      const large = await createScriptJob(rig, stack.simulator.url, linesOf(1_300, "x".repeat(200)));
      for (const { jobId, input } of [small, large])
        expect(await json(site(), ...adopt(jobId, input))).toMatchObject({ status: "accepted" });
      for (const [{ jobId }, count] of [[small, 20] as const, [large, 1_300] as const]) {
        expect(await ends(`adopt-${jobId}`)).toMatchObject({ result: "succeeded", itemCount: count });
        const rows = await rowsOf(site(), `adopt-${jobId}`);
        expect(rows.map(({ key }) => key)).toEqual(rows.map((_, at) => `row/${at} of mine`));
      }
      await settles();
      expect(await stops()).toEqual([0, 0, 0]);
      expect(await prove()).toEqual({ ...CLEAN, createdTwice: ["none"] });
    },
    TEST_MS,
  );
});
