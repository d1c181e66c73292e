import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { chatLine, openRig, until } from "./rig.ts";

test("a batch goes through its statuses and answers every line", async () => {
  await using rig = await openRig({ pace: { validatingMs: 60, jobMs: 60, finalizingMs: 60 } });
  const created = await rig.create([chatLine("a", "one"), chatLine("b", "two")]);
  expect(created).toMatchObject({
    object: "batch",
    status: "validating",
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: { granary_tag: "tag" },
    output_file_id: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
  });
  const seen = new Set<string>([created.status]);
  const batch = await until(async () => {
    const now = await rig.client.batches.retrieve(created.id);
    seen.add(now.status);
    return now.status === "completed" && now;
  });
  expect([...seen]).toEqual(["validating", "in_progress", "finalizing", "completed"]);
  expect(batch).toMatchObject({
    model: "gpt-4o-mini",
    error_file_id: null,
    request_counts: { total: 2, completed: 2, failed: 0 },
  });
  expect(batch.completed_at).toBeGreaterThanOrEqual(batch.in_progress_at ?? Infinity);
  const lines = await rig.results(batch.output_file_id);
  expect(lines.map((line) => line.custom_id)).toEqual(["a", "b"]);
  const used = { input: 0, output: 0 };
  for (const { response, error } of lines) {
    expect(error).toBeNull();
    expect(response?.status_code).toBe(200);
    expect(response?.body).toMatchObject({
      object: "chat.completion",
      model: "gpt-4o-mini",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", refusal: null } }],
    });
    used.input += response?.body["usage"].prompt_tokens;
    used.output += response?.body["usage"].completion_tokens;
  }
  expect(batch.usage).toMatchObject({ input_tokens: used.input, output_tokens: used.output });
  expect(await rig.creates()).toMatchObject([
    {
      jobId: batch.id,
      tag: "tag",
      ordinal: 1,
      lines: 2,
      status: "completed",
      answer: "sent",
      charge: { inputTokens: used.input, outputTokens: used.output },
    },
  ]);
});

test("the responses endpoint answers with response objects", async () => {
  await using rig = await openRig();
  const line = JSON.stringify({
    custom_id: "r",
    method: "POST",
    url: "/v1/responses",
    body: { model: "gpt-5-mini", instructions: "Be short.", input: "Hello", max_output_tokens: 2_000 },
  });
  const batch = await rig.run([line], "tag", "/v1/responses");
  const [answer] = await rig.results(batch.output_file_id);
  expect(answer?.response?.body).toMatchObject({
    object: "response",
    status: "completed",
    model: "gpt-5-mini",
    instructions: "Be short.",
    output: [
      { type: "reasoning" },
      { type: "message", role: "assistant", content: [{ type: "output_text", annotations: [] }] },
    ],
  });
  expect(answer?.response?.body["usage"].output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
});

test("the list is newest first and paged", async () => {
  await using rig = await openRig();
  const file = await rig.upload([chatLine("a")]);
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    const { id } = await rig.client.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    ids.unshift(id);
  }
  const page = await rig.client.batches.list({ limit: 2 });
  expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect(page.has_more).toBe(true);
  const all: string[] = [];
  for await (const batch of rig.client.batches.list({ limit: 2 })) all.push(batch.id);
  expect(all).toEqual(ids);
  await expect(rig.client.batches.list({ limit: 101 })).rejects.toMatchObject({
    status: 400,
    param: "limit",
  });
  await expect(rig.client.batches.list({ after: "batch_none" })).rejects.toMatchObject({ status: 404 });
});

test("a cancelled batch delivers what was finished and names the rest", async () => {
  await using rig = await openRig({ pace: { jobMs: 1_000, cancellingMs: 20 } });
  const lines = Array.from({ length: 200 }, (_, index) => chatLine(`line-${index}`));
  const { id } = await rig.create(lines);
  await until(async () => ((await rig.client.batches.retrieve(id)).request_counts?.completed ?? 0) > 20);
  expect((await rig.client.batches.cancel(id)).status).toBe("cancelling");
  expect((await rig.client.batches.cancel(id)).status).toMatch(/^cancel/);
  const batch = await rig.ended(id);
  expect(batch.status).toBe("cancelled");
  const finished = await rig.results(batch.output_file_id);
  const undone = await rig.results(batch.error_file_id);
  expect(finished.length).toBeGreaterThan(20);
  expect(undone.length).toBeGreaterThan(0);
  expect(finished.length + undone.length).toBe(200);
  expect(undone.every(({ error, response }) => error?.code === "batch_cancelled" && response === null)).toBe(
    true,
  );
  await expect(rig.client.batches.cancel(id)).rejects.toMatchObject({ status: 409 });
  expect((await readLedger(rig.folder)).filter(({ kind }) => kind === "cancel")).toHaveLength(1);
  expect((await rig.creates())[0]?.status).toBe("cancelled");
});

test("a batch that is cancelled before it started has no files", async () => {
  await using rig = await openRig({ pace: { validatingMs: 5_000 } });
  const { id } = await rig.create([chatLine("a")]);
  await rig.client.batches.cancel(id);
  const batch = await rig.ended(id);
  expect(batch).toMatchObject({ status: "cancelled", output_file_id: null, error_file_id: null });
});

test("a batch expires at the end of its window with the lines that were finished", async () => {
  await using rig = await openRig({ pace: { jobMs: 1_000, windowMs: 300 } });
  const batch = await rig.run(Array.from({ length: 100 }, (_, index) => chatLine(`line-${index}`)));
  expect(batch.status).toBe("expired");
  const finished = await rig.results(batch.output_file_id);
  const undone = await rig.results(batch.error_file_id);
  expect(finished.length).toBeGreaterThan(0);
  expect(finished.length + undone.length).toBe(100);
  expect(new Set(undone.map(({ error }) => error?.code))).toEqual(new Set(["batch_expired"]));
  expect(batch.request_counts).toEqual({ total: 100, completed: finished.length, failed: undone.length });
});

test("jobs and files of one key are unknown under another", async () => {
  await using rig = await openRig();
  const batch = await rig.run([chatLine("a")]);
  const other = rig.clientFor("sk-other");
  const denied = [
    () => other.batches.retrieve(batch.id),
    () => other.batches.cancel(batch.id),
    () => other.files.retrieve(batch.input_file_id),
    () => other.files.content(batch.output_file_id ?? ""),
    () => other.files.delete(batch.input_file_id),
  ];
  for (const call of denied) await expect(call()).rejects.toMatchObject({ status: 404 });
  expect((await other.batches.list()).data).toEqual([]);
  expect((await other.files.list()).data).toEqual([]);
});

test("ledger, jobs and scenario can be asked for, and hold no key", async () => {
  await using rig = await openRig({ keys: { revoked: ["sk-gone"] } });
  const batch = await rig.run([chatLine("a")]);
  const ask = async (path: string) => (await fetch(rig.url + path)).text();
  const ledger = await ask("/ledger");
  const entries = ledger
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(entries.map(({ kind }) => kind)).toEqual(["upload", "create"]);
  expect(JSON.parse(await ask("/jobs")).jobs).toMatchObject([
    { id: batch.id, provider: "openai", tag: "tag" },
  ]);
  expect(JSON.parse(await ask("/scenario"))).toMatchObject({ seed: "granary" });
  expect(ledger).not.toContain("sk-test");
  const refused = await fetch(`${rig.url}/scenario`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ faults: [{ on: "create", what: "no such thing" }] }),
  });
  expect(refused.status).toBe(400);
});

test("the same lines under the same seed and ids are answered in the same words", async () => {
  const texts: string[] = [];
  for (let round = 0; round < 2; round++) {
    await using rig = await openRig({ seed: 7, rates: { error_500: 0.3, refusal: 0.2 } });
    const batch = await rig.run(Array.from({ length: 50 }, (_, index) => chatLine(`line-${index}`)));
    const lines = [...(await rig.results(batch.output_file_id)), ...(await rig.results(batch.error_file_id))];
    texts.push(
      JSON.stringify(
        lines.map(({ custom_id, response }) => [
          custom_id,
          response?.status_code,
          response?.body["choices"]?.[0].message,
        ]),
      ),
    );
  }
  expect(texts[0]).toBe(texts[1]);
});
