/** Fills the small file system at the path it is given, and prints what came of it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { folderArtifacts } from "../src/folderArtifacts.ts";

const disk = process.argv[2] ?? "";

async function* letters(bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += 1000) yield Buffer.alloc(1000, "x");
}

const artifacts = await folderArtifacts(join(disk, "artifacts"));
await artifacts.put("small", letters(1000));
const tooLarge = await artifacts.put("rq1/large", letters(4_000_000)).then(
  () => "written",
  (error: Error) => error.name,
);
const stat = await artifacts.stat("rq1/large");
const listed: string[] = [];
for await (const { path } of artifacts.list("")) listed.push(path);
const unfinished = await readdir(join(disk, "artifacts", ".unfinished"));
let small = "";
for await (const chunk of artifacts.read("small")) small += Buffer.from(chunk).toString();
const { bytes, existed } = await artifacts.put("rq1/large", letters(1_000_000));
console.log(JSON.stringify({ tooLarge, stat, listed, unfinished, small, afterwards: { bytes, existed } }));
