import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toFile } from "openai";
import { readLedger } from "../src/index.ts";
import { chatLine, openRig } from "./rig.ts";

test("a stream is uploaded, shown, served and deleted", async () => {
  await using rig = await openRig();
  const path = join(rig.folder, "own.jsonl");
  const text = Array.from({ length: 5_000 }, (_, index) => `${chatLine(`line-${index}`)}\n`).join("");
  await writeFile(path, text);
  const file = await rig.client.files.create({
    file: createReadStream(path),
    purpose: "batch",
    expires_after: { anchor: "created_at", seconds: 7_200 },
  });
  expect(file).toMatchObject({
    object: "file",
    filename: "own.jsonl",
    purpose: "batch",
    bytes: Buffer.byteLength(text),
    status: "processed",
  });
  expect(file.expires_at).toBe(file.created_at + 7_200);
  expect(await rig.client.files.retrieve(file.id)).toEqual(file);
  expect(await rig.raw(file.id)).toBe(text);
  expect(await rig.client.files.delete(file.id)).toEqual({ id: file.id, object: "file", deleted: true });
  await expect(rig.client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  await expect(rig.client.files.content(file.id)).rejects.toMatchObject({ status: 404 });
  await expect(rig.client.files.delete(file.id)).rejects.toMatchObject({ status: 404 });
  expect((await readLedger(rig.folder)).map(({ kind }) => kind)).toEqual(["upload", "file_deleted"]);
});

test("files are listed by purpose and in pages", async () => {
  await using rig = await openRig();
  const ids = [];
  for (let count = 0; count < 3; count++) ids.unshift((await rig.upload([chatLine("a")])).id);
  const listed: string[] = [];
  for await (const file of rig.client.files.list({ limit: 2, purpose: "batch" })) listed.push(file.id);
  expect(listed).toEqual(ids);
  expect((await rig.client.files.list({ purpose: "vision" })).data).toEqual([]);
  expect((await rig.client.files.list({ order: "asc" })).data.map(({ id }) => id)).toEqual(ids.toReversed());
});

test("an upload with a wrong purpose, name or expiry is refused", async () => {
  await using rig = await openRig();
  const file = await toFile(Buffer.from("{}\n"), "input.jsonl");
  const wrong = [
    { file, purpose: "homework" as "batch" },
    { file: await toFile(Buffer.from("{}\n"), "input.txt"), purpose: "batch" },
    { file, purpose: "batch", expires_after: { anchor: "created_at", seconds: 60 } },
  ] as const;
  for (const upload of wrong)
    await expect(rig.client.files.create(upload)).rejects.toMatchObject({
      status: 400,
      type: "invalid_request_error",
    });
  const noFile = await fetch(`${rig.url}/openai/v1/files`, {
    method: "POST",
    headers: { authorization: "Bearer sk-test" },
    body: new FormData(),
  });
  expect(noFile.status).toBe(400);
  expect((await rig.client.files.list()).data).toEqual([]);
});

test("a batch goes on with an input file that was deleted after its create", async () => {
  await using rig = await openRig({ pace: { jobMs: 100 } });
  const { id, input_file_id } = await rig.create([chatLine("a")]);
  await rig.client.files.delete(input_file_id);
  const batch = await rig.ended(id);
  expect(batch.request_counts).toEqual({ total: 1, completed: 1, failed: 0 });
});

test("calls without a key, with a foreign one or a revoked one are refused with 401", async () => {
  await using rig = await openRig({ keys: { revoked: ["sk-revoked"] } });
  for (const key of ["sk-revoked", "nonsense"])
    await expect(rig.clientFor(key).models.list()).rejects.toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
  const bare = await fetch(`${rig.url}/openai/v1/models`);
  expect(bare.status).toBe(401);
  expect(bare.headers.get("x-request-id")).toMatch(/^req_/);
  expect((await rig.client.models.list()).data.length).toBeGreaterThan(20);
  await expect(rig.client.post("/nowhere")).rejects.toMatchObject({ status: 404 });
});
