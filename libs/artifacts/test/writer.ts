/**
 * A process of its own that writes one file: `writer.ts FOLDER PATH CONTENT BYTES [hang]`. It says `begun` after the
 * first megabyte, then waits for a line on its standard input, then goes on (or never ends), and prints what `put` gave.
 */
import { once } from "node:events";
import { folderArtifacts } from "../src/folderArtifacts.ts";

const [folder = "", path = "", content = "", bytes = "0", hang] = process.argv.slice(2);

async function* source(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(Math.min(Number(bytes), 1_000_000), content);
  for (let at = 0; at < Number(bytes); at += chunk.byteLength) {
    yield chunk.subarray(0, Number(bytes) - at);
    if (at > 0) continue;
    process.stdout.write("begun\n");
    await once(process.stdin, "data");
    if (hang) await new Promise(() => {});
  }
}

const artifacts = await folderArtifacts(folder);
try {
  process.stdout.write(`${JSON.stringify(await artifacts.put(path, source()))}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: (error as Error).name })}\n`);
}
process.exit();
