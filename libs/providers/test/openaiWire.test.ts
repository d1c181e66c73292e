import { describe, expect, test } from "vitest";
import { ProviderTrouble, type JobSnapshot } from "@granary/domain";
import { openaiDialect, openaiProvider, type OpenAIWire } from "../src/index.ts";
import { fileTags } from "../src/openai/fileTags.ts";
import { rawServer, sendJson } from "./rawServer.ts";

const KEY = "test-0123456789abcdef";
const open = { signal: new AbortController().signal };

function provider(baseUrl: string, wire: OpenAIWire) {
  return openaiProvider({ apiKey: KEY, baseUrl, wire, timeouts: { callMs: 5_000 } });
}

async function* lines(): AsyncGenerator<string> {
  yield "{}";
}

/** A job as Together shows it: https://docs.together.ai/reference/batch-create */
const TOGETHER_JOB = {
  id: "01234567-8901-2345-6789-012345678901",
  user_id: "user_1",
  input_file_id: "file-1",
  file_size_bytes: 1048576,
  status: "IN_PROGRESS",
  job_deadline: "2026-01-15T15:30:00Z",
  created_at: "2026-01-15T14:30:00Z",
  endpoint: "/v1/chat/completions",
  progress: 75,
  model_id: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
  output_file_id: "file-2",
  error_file_id: "",
};

test("the key travels in the header that is named, and nowhere else", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, { id: "b", status: "failed" }));
  await provider(server.url, { keyHeader: "api-key" }).get("b", open);
  expect(server.requests[0]?.headers).toMatchObject({ "api-key": KEY });
  expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
});

test("an upload goes where it is told, with its purpose, and its name where that is asked for", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, { id: "file-1" }));
  const wire = { uploadPath: "/files/upload", purpose: "batch-api", fileNameField: "file_name" };
  await provider(server.url, wire).upload(lines(), { ...open, name: "gr1234-a.jsonl" });
  expect(server.requests[0]).toMatchObject({ method: "POST", url: "/v1/files/upload" });
  expect(server.requests[0]?.body).toMatch(/name="purpose"\r\n\r\nbatch-api\r\n/);
  expect(server.requests[0]?.body).toMatch(/name="file_name"\r\n\r\ngr1234-a\.jsonl\r\n/);
});

test("a create names the path and the window, and no metadata where none is kept", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, { job: TOGETHER_JOB }));
  const wire: OpenAIWire = {
    endpoints: { "/v1/chat/completions": "/chat/completions" },
    completionWindow: "7d",
    tag: "fileName",
  };
  const job = { tag: "t", input: { fileId: "file-1" }, model: "m", endpoint: "/v1/chat/completions" };
  expect(await provider(server.url, wire).create({ ...job, timeoutMs: 5_000 })).toMatchObject({
    type: "created",
    job: { jobId: TOGETHER_JOB.id, tag: "t", status: "running", rawStatus: "IN_PROGRESS" },
  });
  expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
    input_file_id: "file-1",
    endpoint: "/chat/completions",
    completion_window: "7d",
  });
});

test("a job in another form says the same", async () => {
  await using server = await rawServer((response) => sendJson(response, 200, TOGETHER_JOB));
  expect(await provider(server.url, {}).get("b", open)).toMatchObject({
    jobId: TOGETHER_JOB.id,
    tag: null,
    rawStatus: "IN_PROGRESS",
    status: "running",
    counts: null,
    files: { results: "file-2" },
    inputFileId: "file-1",
    createdAt: Date.UTC(2026, 0, 15, 14, 30),
    expiresAt: Date.UTC(2026, 0, 15, 15, 30),
    errors: [],
    usage: null,
  });
});

test.each([
  ["VALIDATING", "waiting"],
  ["COMPLETED", "completed"],
  ["FAILED", "failed"],
  ["EXPIRED", "expired"],
  ["CANCELLED", "cancelled"],
  ["SUCCESS", "other"],
  ["DONE", "other"],
])("the status %s is %s", async (rawStatus, status) => {
  await using server = await rawServer((response) =>
    sendJson(response, 200, { ...TOGETHER_JOB, status: rawStatus }),
  );
  expect(await provider(server.url, {}).get("b", open)).toMatchObject({ rawStatus, status });
});

test.each([
  ["the batch failed: token_limit_exceeded", "limit"],
  ["rejected with insufficient_quota today", "account"],
  ["No such File object: file-1", "limit"],
  ["line 3 is no JSON", "request"],
])("a job that failed with the words %j failed for its %s", async (error, why) => {
  await using server = await rawServer((response) =>
    sendJson(response, 200, { ...TOGETHER_JOB, status: "FAILED", error }),
  );
  const job = await provider(server.url, {}).get("b", open);
  expect(job?.errors).toEqual([{ code: "error", message: error, line: null }]);
  expect(openaiDialect().rejection(job!)).toBe(why);
});

describe("a list", () => {
  const older = { ...TOGETHER_JOB, id: "old", created_at: "2026-01-14T00:00:00Z" };

  test("that is whole is asked for without pages, and is put newest first", async () => {
    await using server = await rawServer((response) => sendJson(response, 200, [older, TOGETHER_JOB]));
    const page = await provider(server.url, { list: "whole" }).list({ ...open, after: null });
    expect(page.jobs.map(({ jobId }) => jobId)).toEqual([TOGETHER_JOB.id, "old"]);
    expect(page.next).toBeNull();
    expect(server.requests.map(({ url }) => url)).toEqual(["/v1/batches"]);
  });

  test("that is whole, and says that there is more, is the account's trouble", async () => {
    await using server = await rawServer((response) =>
      sendJson(response, 200, { data: [older], has_more: true }),
    );
    await expect(
      provider(server.url, { list: "whole" }).list({ ...open, after: null }),
    ).rejects.toMatchObject({ why: "account", message: expect.stringContaining("paged") as string });
  });

  test("whose next page is the same again proves nothing, and says what to set", async () => {
    const data = Array.from({ length: 100 }, (_none, at) => ({ ...older, id: `b${at}` }));
    await using server = await rawServer((response) => sendJson(response, 200, data));
    const compatible = provider(server.url, {});
    expect((await compatible.list({ ...open, after: null })).next).toBe("b99");
    await expect(compatible.list({ ...open, after: "b99" })).rejects.toMatchObject({
      why: "account",
      code: "list_without_pages",
      message: expect.stringContaining("wire.list of the account to whole") as string,
    });
  });

  test("fails as a whole where the name of one input file cannot be asked for", async () => {
    let isDown = true;
    await using server = await rawServer((response, { url }) => {
      if (url.endsWith("/batches?limit=100")) sendJson(response, 200, { data: [older, TOGETHER_JOB] });
      else if (isDown) sendJson(response, 500, {});
      else sendJson(response, 200, { id: "file-1", filename: "gr1234-a.jsonl" });
    });
    const compatible = provider(server.url, { tag: "fileName" });
    await expect(compatible.list({ ...open, after: null })).rejects.toBeInstanceOf(ProviderTrouble);
    isDown = false;
    const { jobs } = await compatible.list({ ...open, after: null });
    expect(jobs.map(({ tag }) => tag)).toEqual(["gr1234-a", "gr1234-a"]);
  });
});

/** A job that shows no tag, of this input file. */
const job = (fileId: string | null, more: Partial<JobSnapshot> = {}): JobSnapshot => ({
  jobId: "b",
  tag: null,
  rawStatus: "in_progress",
  status: "running",
  counts: null,
  files: {},
  inputFileId: fileId,
  createdAt: null,
  expiresAt: null,
  errors: [],
  usage: null,
  ...more,
});

/** A provider that knows these files, and what it was asked for. */
function asked(names: Readonly<Record<string, string>>) {
  const log: string[] = [];
  const ask = async (fileId: string) => {
    log.push(fileId);
    return names[fileId] ?? null;
  };
  return { log, ask };
}

describe("the names of input files", () => {
  test("are asked for once each, and only where a job shows no tag", async () => {
    const { log, ask } = asked({ a: "gr1234-a.jsonl", b: "list.csv" });
    const tags = fileTags();
    const jobs = [job("a"), job("b"), job(null), job("c", { tag: "own" })];
    const expected = ["gr1234-a", null, null, "own"];
    for (let time = 0; time < 2; time += 1)
      expect((await tags.named(jobs, ask)).map(({ tag }) => tag)).toEqual(expected);
    expect(log).toEqual(["a", "b"]);
  });

  test("of files that are gone are asked for again until their job has ended", async () => {
    const { log, ask } = asked({});
    const tags = fileTags();
    await tags.named([job("a")], ask);
    await tags.named([job("a", { status: "failed" })], ask);
    await tags.named([job("a", { status: "failed" })], ask);
    expect(log).toEqual(["a", "a"]);
  });

  test("are forgotten, the oldest first, where there are too many", async () => {
    const { log, ask } = asked({ a: "a.jsonl" });
    const tags = fileTags(2);
    for (const file of ["a", "b", "c"]) tags.learn(file, `${file}.jsonl`);
    await tags.named([job("c"), job("b"), job("a")], ask);
    expect(log).toEqual(["a"]);
  });
});

test("a dialect whose wire offers nothing is refused", () => {
  expect(() => openaiDialect({ wire: { endpoints: {} } })).toThrow(/name none of/);
});
