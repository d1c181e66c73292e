import { expect, describe, it } from "vitest";
import type { Dialect, Output } from "@granary/domain";
import {
  anthropicDialect,
  anthropicProvider,
  geminiDialect,
  geminiProvider,
  openaiDialect,
  openaiProvider,
  readLines,
} from "../src/index.ts";
import { jobSnapshot as anthropicJob } from "../src/anthropic/jobSnapshot.ts";
import { jobPage as geminiPage, jobSnapshot as geminiJob } from "../src/gemini/jobSnapshot.ts";
import { jobSnapshot as openaiJob } from "../src/openai/jobSnapshot.ts";
import { contextOf, created, items, settled } from "./contractSteps.ts";
import { fixtures } from "./fixtures.ts";
import { simulatedRig } from "./simulatedRig.ts";

const { signal } = new AbortController();

describe("what is not known in a job", () => {
  const jobs = {
    openai: {
      read: openaiJob,
      job: { id: "batch_1", status: "paused", request_counts: { total: 1, completed: 0, failed: 0 } },
    },
    gemini: { read: geminiJob, job: { name: "batches/1", metadata: { state: "BATCH_STATE_RUNNING" } } },
    anthropic: { read: anthropicJob, job: { id: "msgbatch_1", processing_status: "in_progress" } },
  } as const;

  it.each(Object.entries(jobs))("of %s is named, at the top and one level down", (_name, { read, job }) => {
    expect(read.parse(job)).not.toHaveProperty("drift");
    expect(read.parse({ ...job, vibe: { a: 1 } })).toMatchObject({ drift: ["vibe"] });
  });

  it("stands below a field that is known", () => {
    const counts = { total: 1, completed: 0, failed: 0, paused: 1 };
    expect(
      openaiJob.parse({ ...jobs.openai.job, request_counts: counts, metadata: { any: "1" } }).drift,
    ).toEqual(["request_counts.paused"]);
    const metadata = { ...jobs.gemini.job.metadata, batchStats: { pausedRequestCount: "1" } };
    expect(geminiJob.parse({ ...jobs.gemini.job, metadata }).drift).toEqual([
      "metadata.batchStats.pausedRequestCount",
    ]);
  });

  it("changes nothing of what is read, on a page neither", () => {
    const { drift, ...read } = openaiJob.parse({ ...jobs.openai.job, vibe: 1 });
    expect(drift).toEqual(["vibe"]);
    expect(read).toEqual(openaiJob.parse(jobs.openai.job));
    expect(geminiPage.parse({ operations: [{ ...jobs.gemini.job, vibe: 1 }] }).jobs).toMatchObject([
      { jobId: "batches/1", drift: ["vibe"] },
    ]);
  });

  it("does not hide what makes a job unreadable, nor where", () => {
    const faults = geminiPage.safeParse({ operations: [jobs.gemini.job, { vibe: 1 }] }).error?.issues;
    expect(faults?.map(({ path }) => path)).toEqual([["operations", 1, "name"]]);
  });
});

describe("what is not known in a line", () => {
  const dialects: Readonly<Record<string, Dialect>> = {
    openai: openaiDialect(),
    gemini: geminiDialect(),
    anthropic: anthropicDialect(),
  };
  const files = ["openai/chat", "openai/responses", "openai/errors", "gemini/answers", "gemini/errors", "anthropic/answers", "anthropic/errors"] as const; // prettier-ignore

  it.each(files)("is nothing in the providers' own answers (%s)", (file) => {
    const dialect = dialects[file.split("/", 1)[0] ?? ""];
    const lines = fixtures(file).filter(({ decoded }) => decoded.type !== "unparseable");
    expect(lines.length).toBeGreaterThan(0);
    const drift = lines.map(({ name, line }) => {
      const paths = dialect?.drift(JSON.stringify(line)) ?? [];
      return `${name}: ${paths.filter((path) => !path.includes("novelty")).join(" ")}`;
    });
    expect(drift).toEqual(lines.map(({ name }) => `${name}: `));
  });

  it("is named by its path, with the elements of a list as one, each once", () => {
    const choice = {
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: "a", mood: "b" },
    };
    const body = { id: "1", choices: [choice, choice], usage: { prompt_tokens: 1, joules: 7 } };
    const line = { custom_id: "a-0", response: { status_code: 200, body }, region: "eu" };
    expect(openaiDialect().drift(`\uFEFF${JSON.stringify(line)}`)).toEqual([
      "region",
      "response.body.choices[].message.mood",
      "response.body.usage.joules",
    ]);
    const message = { type: "message", usage: { joules: 7 } };
    const result = { custom_id: "a-0", result: { type: "succeeded", message } };
    expect(anthropicDialect().drift(JSON.stringify(result))).toEqual(["result.message.usage.joules"]);
    expect(
      geminiDialect().drift(JSON.stringify({ key: "a", response: { candidates: [{ mood: 1 }] } })),
    ).toEqual(["response.candidates[].mood"]);
  });

  it.each(["", "{torn", "7", "null", "[]", '"a"', '{"response":null}', '{"response":{"body":[1]}}'])(
    "is never an error, whatever the line is: %s",
    (text) => {
      for (const dialect of Object.values(dialects)) expect(dialect.drift(text)).toBeInstanceOf(Array);
    },
  );
});

describe("the simulator", () => {
  const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false } as const; // prettier-ignore
  const outputs: readonly Output[] = [{ type: "text" }, { type: "json_schema", name: "a", schema }];
  const rigs = {
    openai: simulatedRig({
      dialect: openaiDialect(),
      model: "gpt-4o-mini",
      open: ({ key, url, timeouts }) =>
        openaiProvider({ apiKey: `sk-simulated-${key}`, baseUrl: `${url}/openai/v1`, timeouts }),
    }),
    gemini: simulatedRig({
      dialect: geminiDialect(),
      model: "gemini-2.5-flash",
      open: ({ key, url, timeouts }) =>
        geminiProvider({ apiKey: `simulated-${key}`, baseUrl: `${url}/gemini`, timeouts }),
    }),
    anthropic: simulatedRig({
      dialect: anthropicDialect(),
      model: "claude-haiku-4-5",
      open: ({ key, url, timeouts }) =>
        anthropicProvider({ apiKey: `sk-ant-simulated-${key}`, baseUrl: `${url}/anthropic`, timeouts }),
    }),
  } as const;

  it.each(Object.entries(rigs))(
    "says nothing of %s that nobody knows, in jobs or lines",
    async (_name, openRig) => {
      const strange: string[] = [];
      await using rig = await openRig({ rates: { error_500: 0.2, refusal: 0.2 } });
      for (const [index, endpoint] of rig.dialect.endpoints.entries())
        for (const [at, output] of outputs.entries()) {
          const context = { ...contextOf(rig, endpoint), output };
          const started = await created(rig, `t${index}${at}`, items(12), context);
          const job = await settled(rig, started.jobId);
          for (const fileId of Object.values(job.files)) {
            const { bytes } = await rig.provider().download(fileId, { signal });
            for await (const lines of readLines(bytes))
              for (const { text } of lines) strange.push(...rig.dialect.drift(text ?? ""));
          }
        }
      expect(strange).toEqual([]);
      const { jobs } = await rig.provider().list({ after: null, signal });
      expect(jobs).toHaveLength(rig.dialect.endpoints.length * outputs.length);
      expect(jobs.filter(({ drift }) => drift !== undefined)).toEqual([]);
    },
  );
});
