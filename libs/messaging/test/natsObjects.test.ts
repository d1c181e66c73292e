import { createHash, randomBytes } from "node:crypto";
import { ArtifactMissing, BrokenTransfer, BusUnavailable } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { expect, test } from "vitest";
import type { Nats } from "../src/jetstream/nats.ts";
import { natsObjects } from "../src/jetstream/natsObjects.ts";
import { putObject } from "../src/jetstream/putObject.ts";
import { connected, noNats, newServer } from "./natsRig.ts";

async function newNats(): Promise<Nats> {
  return connected((await newServer()).url);
}

async function* piecesOf(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(nats: Nats, bucket: string, object: string, silenceMs?: number): Promise<Buffer> {
  const objects = natsObjects(nats, silenceMs === undefined ? {} : { silenceMs });
  return Buffer.concat(await Array.fromAsync(objects.read(bucket, object)));
}

test.skipIf(noNats)("an object comes back byte for byte, whatever its size and name", async () => {
  const nats = await newNats();
  for (const [object, size] of [
    ["empty", 0],
    ["one", 1],
    ["a chunk", 128 * 1024],
    ["items/ä b.jsonl", 5_000_001],
  ] as const) {
    const bytes = randomBytes(size);
    const put = await putObject(nats, { bucket: "inputs", object, bytes: piecesOf(bytes) });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(put).toEqual({ bucket: "inputs", object, sha256, bytes: size });
    expect((await read(nats, "inputs", object)).equals(bytes)).toBe(true);
  }
});

test.skipIf(noNats)(
  "an object is read no faster than it is wanted, and left off where its reader stops",
  async () => {
    const nats = await newNats();
    const bytes = randomBytes(20_000_000);
    await putObject(nats, { bucket: "inputs", object: "large", bytes: piecesOf(bytes) });
    const before = nats.connection.stats().inBytes;
    const pieces = natsObjects(nats).read("inputs", "large")[Symbol.asyncIterator]();
    await pieces.next();
    await nats.connection.flush();
    expect(nats.connection.stats().inBytes - before).toBeLessThan(5_000_000);
    await pieces.return?.();
    const all = await Array.fromAsync(natsObjects(nats).read("inputs", "large"));
    expect(Buffer.concat(all).equals(bytes)).toBe(true);
  },
);

test.skipIf(noNats)("a missing bucket and a missing or deleted object are a missing artifact", async () => {
  const nats = await newNats();
  await expect(read(nats, "nowhere", "x")).rejects.toThrow(ArtifactMissing);
  await expect(read(nats, "no.bucket", "x")).rejects.toThrow(ArtifactMissing);
  await putObject(nats, { bucket: "inputs", object: "gone", bytes: piecesOf(Buffer.from("x")) });
  await expect(read(nats, "inputs", "other")).rejects.toThrow("no artifact at nats://inputs/other");
  await (await new Objm(nats.connection).open("inputs")).delete("gone");
  await expect(read(nats, "inputs", "gone")).rejects.toThrow(ArtifactMissing);
});

test.skipIf(noNats)("a link leads to its object", async () => {
  const nats = await newNats();
  await putObject(nats, { bucket: "inputs", object: "real", bytes: piecesOf(Buffer.from("hello")) });
  const store = await new Objm(nats.connection).open("inputs");
  await store.link("alias", (await store.info("real"))!);
  expect(String(await read(nats, "inputs", "alias"))).toBe("hello");
});

test.skipIf(noNats)("bytes that are not what was stored are a broken transfer", async () => {
  const nats = await newNats();
  await putObject(nats, { bucket: "inputs", object: "x", bytes: piecesOf(Buffer.from("hello")) });
  const info = (await (await new Objm(nats.connection).open("inputs")).info("x"))!;
  const manager = await jetstreamManager(nats.connection);
  const chunk = await manager.streams.getMessage("OBJ_inputs", { last_by_subj: `$O.inputs.C.${info.nuid}` });
  await manager.streams.deleteMessage("OBJ_inputs", chunk?.seq ?? 0);
  nats.connection.publish(`$O.inputs.C.${info.nuid}`, "jello");
  await nats.connection.flush();
  await expect(read(nats, "inputs", "x")).rejects.toThrow(BrokenTransfer);
});

test.skipIf(noNats)("pieces that do not come are told, not waited for without end", async () => {
  const nats = await newNats();
  await putObject(nats, { bucket: "inputs", object: "x", bytes: piecesOf(Buffer.from("hello")) });
  const info = (await (await new Objm(nats.connection).open("inputs")).info("x"))!;
  await (
    await jetstreamManager(nats.connection)
  ).streams.purge("OBJ_inputs", {
    filter: `$O.inputs.C.${info.nuid}`,
  });
  await expect(read(nats, "inputs", "x", 200)).rejects.toThrow(BusUnavailable);
});
