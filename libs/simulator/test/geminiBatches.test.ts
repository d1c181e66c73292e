import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { JobState } from "@google/genai";
import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { fileLine, inlineRequest, openGeminiRig } from "./geminiRig.ts";
import { until } from "./rig.ts";

test("a batch in a file goes through its states and is answered by a file with a long id", async () => {
  await using rig = await openGeminiRig({ pace: { validatingMs: 80, jobMs: 80 } });
  const created = await rig.create([fileLine("a", "one"), fileLine("b", "two")]);
  expect(created).toMatchObject({
    name: expect.stringMatching(/^batches\/[a-z0-9]+$/),
    metadata: {
      "@type": expect.stringContaining("GenerateContentBatch"),
      state: "BATCH_STATE_PENDING",
      displayName: "tag",
      model: "models/gemini-2.5-flash",
      inputConfig: { fileName: expect.stringMatching(/^files\//) },
    },
  });
  expect(created).not.toHaveProperty("done");
  const seen = new Set<string>();
  const batch = await until(async () => {
    const now = await rig.get(created.name);
    seen.add(now.metadata.state);
    return now.done === true && now;
  });
  expect([...seen]).toEqual(["BATCH_STATE_PENDING", "BATCH_STATE_RUNNING", "BATCH_STATE_SUCCEEDED"]);
  // Zeros are left out, the rest are strings.
  expect(batch.metadata.batchStats).toEqual({ requestCount: "2", successfulRequestCount: "2" });
  const name = batch.response?.responsesFile ?? "";
  expect(name.length).toBeGreaterThan("files/".length + 40);
  expect(batch.metadata.output).toEqual({ responsesFile: name });
  const answers = await rig.answers(batch);
  expect(answers.map(({ key }) => key)).toEqual(["a", "b"]);
  const used = { input: 0, output: 0 };
  for (const { response, metadata } of answers) {
    expect(metadata).toBeUndefined();
    expect(response).toMatchObject({
      candidates: [
        { content: { role: "model", parts: [{ text: expect.any(String) }] }, finishReason: "STOP" },
      ],
      modelVersion: "gemini-2.5-flash",
    });
    const usage = response?.["usageMetadata"];
    used.input += usage.promptTokenCount;
    used.output += usage.candidatesTokenCount + usage.thoughtsTokenCount;
    expect(usage.totalTokenCount).toBe(
      usage.promptTokenCount + usage.candidatesTokenCount + usage.thoughtsTokenCount,
    );
  }
  expect(await rig.creates()).toMatchObject([
    {
      provider: "gemini",
      jobId: batch.name,
      tag: "tag",
      ordinal: 1,
      lines: 2,
      model: "gemini-2.5-flash",
      status: "completed",
      charge: { inputTokens: used.input, outputTokens: used.output },
    },
  ]);
});

test("requests that come inline are answered inline, with their keys in metadata", async () => {
  await using rig = await openGeminiRig();
  const batch = await rig.runInline([inlineRequest("a"), inlineRequest("b")]);
  expect(batch.metadata.output?.responsesFile).toBeUndefined();
  expect(batch.metadata).not.toHaveProperty("inputConfig");
  expect((await rig.answers(batch)).map(({ metadata, key }) => [metadata?.key, key])).toEqual([
    ["a", undefined],
    ["b", undefined],
  ]);
  expect(await rig.creates()).toMatchObject([{ inputFileId: null, inputLines: 2, lines: 2 }]);
  const { body } = await rig.send("/v1/files");
  expect(body).toEqual({});
});

test("the SDK uploads, creates, lists, gets, downloads and deletes", async () => {
  await using rig = await openGeminiRig();
  const file = await rig.upload([fileLine("a")], "mine");
  expect(file).toMatchObject({ displayName: "mine", mimeType: "application/jsonl", state: "ACTIVE" });
  const created = await rig.sdk.batches.create({
    model: "gemini-2.5-flash",
    src: { fileName: file.name ?? "" },
    config: { displayName: "t1" },
  });
  expect(created).toMatchObject({ displayName: "t1", state: "JOB_STATE_PENDING" });
  const batch = await until(async () => {
    const now = await rig.sdk.batches.get({ name: created.name ?? "" });
    return now.state === JobState.JOB_STATE_SUCCEEDED && now;
  });
  const path = join(rig.folder, "downloaded.jsonl");
  await rig.sdk.files.download({ file: batch.dest?.fileName ?? "", downloadPath: path });
  await until(async () => (await readFile(path, "utf8").catch(() => "")).includes('"key":"a"'));
  const inline = await rig.sdk.batches.create({
    model: "gemini-2.5-flash",
    src: [
      {
        model: "gemini-2.5-flash",
        contents: [{ role: "user", parts: [{ text: "hi" }] }],
        metadata: { key: "k1" },
        config: { systemInstruction: "Be short.", temperature: 0.1, responseMimeType: "application/json" },
      },
    ],
    config: { displayName: "t2" },
  });
  const answered = await until(async () => {
    const now = await rig.sdk.batches.get({ name: inline.name ?? "" });
    return now.state === JobState.JOB_STATE_SUCCEEDED && now;
  });
  expect(answered.dest?.inlinedResponses).toMatchObject([
    { metadata: { key: "k1" }, response: { candidates: [{ finishReason: "STOP" }] } },
  ]);
  const listed: (string | undefined)[] = [];
  for await (const { displayName } of await rig.sdk.batches.list({ config: { pageSize: 1 } }))
    listed.push(displayName);
  expect(listed).toEqual(["t2", "t1"]);
  await rig.sdk.batches.delete({ name: inline.name ?? "" });
  await expect(rig.sdk.batches.get({ name: inline.name ?? "" })).rejects.toMatchObject({ status: 404 });
  await rig.sdk.files.delete({ name: file.name ?? "" });
  await expect(rig.sdk.files.get({ name: file.name ?? "" })).rejects.toMatchObject({ status: 403 });
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toEqual([
    "upload",
    "create",
    "create",
    "job_deleted",
    "file_deleted",
  ]);
});

test("the list is newest first and paged by tokens, and the last page has none", async () => {
  await using rig = await openGeminiRig();
  const file = await rig.upload([fileLine("a")]);
  const names: string[] = [];
  for (let count = 0; count < 5; count++)
    names.unshift((await rig.createOf({ fileName: file.name })).body.name);
  const listed: string[] = [];
  let pages = 0;
  let token = "";
  do {
    const { body } = await rig.send(`/v1/batches?pageSize=2${token && `&pageToken=${token}`}`);
    listed.push(...body.operations.map(({ name }: { name: string }) => name));
    token = body.nextPageToken ?? "";
    pages += 1;
  } while (token !== "");
  expect(listed).toEqual(names);
  expect(pages).toBe(3);
  expect((await rig.send("/v1/batches", { key: "g-other" })).body).toEqual({});
  expect((await rig.send("/v1/batches?pageToken=nonsense")).body.error.status).toBe("INVALID_ARGUMENT");
});

test("a cancelled batch delivers what was done, and names the rest in the same place", async () => {
  await using rig = await openGeminiRig({ pace: { jobMs: 1_000, cancellingMs: 20 } });
  const { name } = await rig.create(Array.from({ length: 100 }, (_, index) => fileLine(`k${index}`)));
  await until(async () => Number((await rig.get(name)).metadata.batchStats["successfulRequestCount"]) > 10);
  expect(await rig.send(`/v1/${name}:cancel`, { json: {} })).toMatchObject({ status: 200, body: {} });
  expect((await rig.send(`/v1beta/${name}:cancel`, { json: {} })).status).toBe(200);
  const batch = await rig.ended({ name });
  expect(batch).toMatchObject({ error: { code: 1 }, metadata: { state: "BATCH_STATE_CANCELLED" } });
  const answers = await rig.answers(batch);
  expect(answers).toHaveLength(100);
  const done = answers.filter(({ response }) => response);
  expect(done.length).toBeGreaterThan(10);
  expect(batch.metadata.batchStats).toEqual({
    requestCount: "100",
    successfulRequestCount: String(done.length),
    pendingRequestCount: String(100 - done.length),
  });
  expect(answers.find(({ error }) => error)?.error?.code).toBe(1);
  expect(await rig.send(`/v1/${name}:cancel`, { json: {} })).toMatchObject({
    status: 400,
    body: { error: { status: "FAILED_PRECONDITION" } },
  });
  expect((await rig.send("/v1/batches/none:cancel", { json: {} })).status).toBe(404);
  expect((await readLedger(rig.folder)).filter(({ kind }) => kind === "cancel")).toHaveLength(1);
});

test("a batch expires at the end of its window, by default after 48 hours of its clock", async () => {
  await using rig = await openGeminiRig({ pace: { jobMs: 60_000, acceleration: 48 * 3_600 * 2 } });
  const batch = await rig.run([fileLine("a"), fileLine("b")]);
  expect(batch).toMatchObject({
    error: { code: 4 },
    metadata: { state: "BATCH_STATE_EXPIRED", batchStats: { pendingRequestCount: "2" } },
  });
  expect((await rig.answers(batch)).map(({ error }) => error?.code)).toEqual([4, 4]);
});

test("batches and files of one key are unknown under another", async () => {
  await using rig = await openGeminiRig();
  const batch = await rig.run([fileLine("a")]);
  const input = batch.metadata.inputConfig?.fileName ?? "";
  const key = "g-other";
  expect((await rig.send(`/v1/${batch.name}`, { key })).status).toBe(404);
  expect((await rig.send(`/v1/${batch.name}:cancel`, { key, json: {} })).status).toBe(404);
  const denied = { status: 403, body: { error: { status: "PERMISSION_DENIED" } } };
  expect(await rig.send(`/v1/${input}`, { key })).toMatchObject(denied);
  const output = batch.response?.responsesFile ?? "";
  expect(await rig.send(`/v1/${output}:download?alt=media`, { key })).toMatchObject(denied);
  expect(await rig.send(`/v1/${input}`, { key, method: "DELETE" })).toMatchObject(denied);
  expect(await rig.createOf({ fileName: input }, "t", "gemini-2.5-flash", key)).toMatchObject(denied);
  expect((await rig.creates()).length).toBe(1);
});

test("jobs and ledger tell the provider, and hold no key", async () => {
  await using rig = await openGeminiRig();
  const batch = await rig.run([fileLine("a")]);
  const jobs = await (await fetch(`${rig.url}/jobs`)).text();
  expect(JSON.parse(jobs).jobs).toMatchObject([{ provider: "gemini", jobId: batch.name, tag: "tag" }]);
  const ledger = await (await fetch(`${rig.url}/ledger`)).text();
  expect(ledger + jobs).not.toContain("g-test");
});
