import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A text of a source file, and what stands there instead once its guard is gone. */
export interface Removal {
  /** Path from the root of the checkout. */
  readonly file: string;
  /** A text that the file has exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Does the work on a copy of the sources with one guard gone, and puts the guard back.
 * @throws Error where the file has no such text any more, or has it twice: then the sabotage has to be written anew
 */
export async function withoutGuard<T>(
  copy: string,
  { file, find, replace }: Removal,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(copy, file);
  const before = readFileSync(path, "utf8");
  const found = before.split(find).length - 1;
  if (found !== 1) throw new Error(`${file} has the text to sabotage ${found} times: ${find.trim()}`);
  writeFileSync(
    path,
    before.replace(find, () => replace),
  );
  try {
    return await work();
  } finally {
    writeFileSync(path, before);
  }
}
