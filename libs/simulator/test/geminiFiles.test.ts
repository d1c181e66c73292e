import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readLedger } from "../src/index.ts";
import { fileLine, openGeminiRig } from "./geminiRig.ts";
import { until } from "./rig.ts";

const CHUNK = 256 * 1024;

async function started(rig: Awaited<ReturnType<typeof openGeminiRig>>, bytes: number, file: object = {}) {
  const { headers, body } = await rig.send("/upload/v1beta/files", {
    json: { file: { displayName: "big", mimeType: "application/jsonl", ...file } },
    headers: {
      "x-goog-upload-command": "start",
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-header-content-length": String(bytes),
      "x-goog-upload-header-content-type": "application/jsonl",
    },
  });
  const chunk = (command: string, offset: number, part?: Uint8Array<ArrayBuffer>) =>
    rig.send(headers.get("x-goog-upload-url") ?? "", {
      method: "POST",
      headers: { "x-goog-upload-command": command, "x-goog-upload-offset": String(offset) },
      ...(part ? { body: part } : {}),
    });
  return { chunk, body, status: headers.get("x-goog-upload-status") };
}

test("a file is uploaded in chunks, shown, listed and deleted", async () => {
  await using rig = await openGeminiRig();
  const bytes = new Uint8Array(2 * CHUNK + 10).fill(0x61);
  const { chunk, status } = await started(rig, bytes.length);
  expect(status).toBe("active");
  const first = await chunk("upload", 0, bytes.subarray(0, CHUNK));
  expect(first.headers.get("x-goog-upload-status")).toBe("active");
  const asked = await chunk("query", 0);
  expect(asked.headers.get("x-goog-upload-size-received")).toBe(String(CHUNK));
  const wrong = await chunk("upload", 7, bytes.subarray(CHUNK));
  expect(wrong).toMatchObject({ status: 400, body: { error: { status: "INVALID_ARGUMENT" } } });
  const last = await chunk("upload, finalize", CHUNK, bytes.subarray(CHUNK));
  expect(last.headers.get("x-goog-upload-status")).toBe("final");
  const { file } = last.body;
  expect(file).toMatchObject({
    name: expect.stringMatching(/^files\/[a-z0-9]{12}$/),
    displayName: "big",
    sizeBytes: String(bytes.length),
    sha256Hash: createHash("sha256").update(bytes).digest("base64"),
    source: "UPLOADED",
  });
  expect(Date.parse(file.expirationTime) - Date.parse(file.createTime)).toBe(48 * 3_600_000);
  expect((await rig.send(`/v1/${file.name}`)).body).toEqual(file);
  expect((await rig.send("/v1beta/files?pageSize=5")).body).toEqual({ files: [file] });
  expect((await rig.send(`/v1/${file.name}:download?alt=media`)).status).toBe(400);
  expect(await rig.send(`/v1/${file.name}`, { method: "DELETE" })).toMatchObject({ status: 200, body: {} });
  expect((await rig.send(`/v1/${file.name}`)).status).toBe(403);
  expect((await rig.send(`/v1/${file.name}`, { method: "DELETE" })).status).toBe(403);
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toEqual(["upload", "file_deleted"]);
});

test("an upload that is not what it announced, or was given up, makes no file", async () => {
  await using rig = await openGeminiRig();
  const { chunk } = await started(rig, 20);
  expect((await chunk("upload, finalize", 0, new Uint8Array(10))).status).toBe(400);
  const given = await started(rig, 20);
  expect((await given.chunk("cancel", 0)).headers.get("x-goog-upload-status")).toBe("cancelled");
  expect((await given.chunk("upload, finalize", 0, new Uint8Array(20))).status).toBe(404);
  const odd = await started(rig, 2 * CHUNK);
  expect((await odd.chunk("upload", 0, new Uint8Array(100))).status).toBe(400);
  expect((await rig.send("/v1/files")).body).toEqual({});
});

test.each([
  ["a name that is too long", { name: `files/${"a".repeat(41)}` }],
  ["a name with capitals", { name: "files/ABC" }],
  ["a display name that is too long", { displayName: "n".repeat(513) }],
])("an upload with %s is refused at its start", async (_, file) => {
  await using rig = await openGeminiRig();
  const { body, status } = await started(rig, 1, file);
  expect(body.error).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
  expect(status).toBeNull();
});

test("a file that is larger than files may be is refused at its start", async () => {
  await using rig = await openGeminiRig();
  const { body } = await started(rig, 2 * 1024 ** 3 + 1);
  expect(body.error.message).toContain("too large");
});

test("a result file has a long id that can be downloaded and deleted, but not asked for", async () => {
  await using rig = await openGeminiRig();
  const { response } = await rig.run([fileLine("a")]);
  const name = response?.responsesFile ?? "";
  expect(await rig.send(`/v1/${name}`)).toMatchObject({ status: 400, body: { error: { code: 400 } } });
  expect((await rig.raw(name)).length).toBeGreaterThan(100);
  expect((await rig.send("/v1/files")).body.files).toMatchObject([{ name, source: "GENERATED" }, {}]);
  expect((await rig.send(`/v1/${name}`, { method: "DELETE" })).status).toBe(200);
  expect((await rig.send(`/v1/${name}:download?alt=media`)).status).toBe(403);
});

test("a file expires by the clock, and a create for it is refused", async () => {
  await using rig = await openGeminiRig({ pace: { fileMs: 200 } });
  const file = await rig.upload([fileLine("a")]);
  expect((await rig.send(`/v1/${file.name}`)).status).toBe(200);
  await until(async () => (await rig.send(`/v1/${file.name}`)).status === 403);
  expect(await rig.createOf({ fileName: file.name })).toMatchObject({
    status: 403,
    body: { error: { status: "PERMISSION_DENIED", message: expect.stringContaining("may not exist") } },
  });
  expect(await rig.creates()).toEqual([]);
});

test("one upload may be short-lived, and the next is not", async () => {
  await using rig = await openGeminiRig({ faults: [{ on: "upload", what: "short_lived", ms: 0, nth: 1 }] });
  const gone = await rig.upload([fileLine("a")]);
  const kept = await rig.upload([fileLine("a")]);
  expect((await rig.send(`/v1/${gone.name}`)).status).toBe(403);
  expect((await rig.send(`/v1/${kept.name}`)).status).toBe(200);
});

test("a batch goes on with an input file that was deleted after its create", async () => {
  await using rig = await openGeminiRig({ pace: { jobMs: 100 } });
  const created = await rig.create([fileLine("a")]);
  await rig.send(`/v1/${created.metadata.inputConfig?.fileName}`, { method: "DELETE" });
  expect((await rig.ended(created)).metadata.batchStats).toEqual({
    requestCount: "1",
    successfulRequestCount: "1",
  });
});
