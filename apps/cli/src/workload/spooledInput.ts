import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A file that can be read twice. */
export interface SpooledInput extends AsyncDisposable {
  readonly path: string;
}

/** The file itself, or for `-` a temporary copy of the standard input. */
export async function spooledInput(file: string): Promise<SpooledInput> {
  if (file !== "-") return { path: file, [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "granary-"));
  const path = join(folder, "stdin.jsonl");
  await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
  return { path, [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }) };
}
