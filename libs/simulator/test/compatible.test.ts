import { expect, test } from "vitest";
import { chatLine, openSimulator, until } from "./rig.ts";

/** Plain HTTP to one compatible endpoint of a simulator. */
function caller(base: string, headers: Readonly<Record<string, string>>) {
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${base}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as any }; // oxlint-disable-line typescript/no-explicit-any -- a test may look anywhere
  };
}

function uploadOf(purpose: string, line: string, more: Readonly<Record<string, string>> = {}): RequestInit {
  const body = new FormData();
  body.set("purpose", purpose);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  body.set("file", new File([`${line}\n`], "gr1234-a.jsonl"));
  return { method: "POST", body };
}

const jsonOf = (body: object): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

const json = { "content-type": "application/json" };

test("an endpoint like Azure's takes its key in a header of its own, and other paths", async () => {
  await using simulator = await openSimulator();
  const base = `${simulator.url}/compatible/azure/v1`;
  const bearer = caller(base, { authorization: "Bearer sk-a" });
  expect(await bearer("/batches")).toMatchObject({ status: 401 });
  const call = caller(base, { "api-key": "sk-a" });
  const line = JSON.stringify({ ...JSON.parse(chatLine("a")), url: "/chat/completions" });
  const { body: file } = await call("/files", uploadOf("batch", line));
  const create = (endpoint: string) =>
    caller(base, { "api-key": "sk-a", ...json })(
      "/batches",
      jsonOf({
        input_file_id: file.id,
        endpoint,
        completion_window: "24h",
        metadata: { granary_tag: "gr1234-a" },
      }),
    );
  expect(await create("/v1/chat/completions")).toMatchObject({
    status: 400,
    body: { error: { param: "endpoint" } },
  });
  const { body: batch } = await create("/chat/completions");
  expect(batch).toMatchObject({
    status: "validating",
    endpoint: "/chat/completions",
    metadata: { granary_tag: "gr1234-a" },
  });
  const ended = await until(async () => {
    const { body } = await call(`/batches/${batch.id}`);
    return body.status === "completed" && body;
  });
  expect(ended.request_counts).toEqual({ total: 1, completed: 1, failed: 0 });
});

test("an endpoint like Together's has other forms: no metadata, no counts, no pages", async () => {
  await using simulator = await openSimulator();
  const base = `${simulator.url}/compatible/together/v1`;
  const call = caller(base, { authorization: "Bearer sk-a" });
  expect(await call("/files", uploadOf("batch-api", chatLine("a")))).toMatchObject({ status: 404 });
  expect(await call("/files/upload", uploadOf("batch-api", chatLine("a")))).toMatchObject({
    status: 400,
    body: { error: { param: "file_name" } },
  });
  const named = { file_name: "gr1234-a.jsonl" };
  expect(await call("/files/upload", uploadOf("batch", chatLine("a"), named))).toMatchObject({
    status: 400,
    body: { error: { param: "purpose" } },
  });
  const { body: file } = await call("/files/upload", uploadOf("batch-api", chatLine("a"), named));
  const created = await caller(base, { authorization: "Bearer sk-a", ...json })(
    "/batches",
    jsonOf({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
      metadata: { granary_tag: "gr1234-a" },
    }),
  );
  const { job } = created.body;
  expect(job).toMatchObject({ status: "VALIDATING", input_file_id: file.id, error: null });
  expect(job).not.toHaveProperty("metadata");
  const ended = await until(async () => {
    const { body } = await call(`/batches/${job.id}`);
    return body.status === "COMPLETED" && body;
  });
  expect(ended).toMatchObject({ progress: 100, output_file_id: expect.stringMatching(/^file-/) as string });
  expect(ended).not.toHaveProperty("request_counts");
  expect((await call("/batches?limit=1")).body).toEqual([ended]);
  expect((await simulator.creates()).map(({ tag, metadata }) => ({ tag, metadata }))).toEqual([
    { tag: "gr1234-a", metadata: null },
  ]);
});

test("one key is another account at each endpoint", async () => {
  await using simulator = await openSimulator();
  const call = caller(`${simulator.url}/compatible/azure/v1`, { "api-key": "sk-a" });
  const { body: file } = await call("/files", uploadOf("batch", chatLine("a")));
  expect(await call(`/files/${file.id}`)).toMatchObject({ status: 200 });
  const bearer = { authorization: "Bearer sk-a" };
  for (const place of ["openai/v1", "compatible/together/v1"])
    expect(await caller(`${simulator.url}/${place}`, bearer)(`/files/${file.id}`)).toMatchObject({
      status: 404,
    });
});

test("keys that belong together are one account, and each is revoked by itself", async () => {
  const together = [["sk-old", "sk-new"]];
  await using simulator = await openSimulator({ keys: { together, revoked: ["sk-old"] } });
  const call = (key: string) => caller(`${simulator.url}/openai/v1`, { authorization: `Bearer ${key}` });
  const { body: file } = await call("sk-new")("/files", uploadOf("batch", chatLine("a")));
  expect(await call("sk-new")(`/files/${file.id}`)).toMatchObject({ status: 200 });
  expect(await call("sk-old")(`/files/${file.id}`)).toMatchObject({ status: 401 });
  expect(await call("sk-other")(`/files/${file.id}`)).toMatchObject({ status: 404 });
  await fetch(`${simulator.url}/scenario`, {
    method: "PUT",
    headers: json,
    body: JSON.stringify({ keys: { together } }),
  });
  expect(await call("sk-old")(`/files/${file.id}`)).toMatchObject({ status: 200 });
});
