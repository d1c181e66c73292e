import type { FileHandle } from "node:fs/promises";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openJournal } from "../src/journal.ts";
import { factOf } from "./factOf.ts";

const base = await mkdtemp(join(tmpdir(), "granary-journal-durability-"));
afterAll(() => rm(base, { recursive: true, force: true }));

test("an append is answered only after its lines were forced to disk", async () => {
  const path = join(base, "facts.jsonl");
  await using journal = await openJournal(path);
  await using handle = await open(path, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  // oxlint-disable-next-line unbound-method -- it is called on the handle it is asked of
  const { datasync } = prototype;
  const forced: string[] = [];
  prototype.datasync = async function witnessed(this: FileHandle) {
    await datasync.call(this);
    forced.push(await readFile(path, "utf8"));
  };
  try {
    await journal.append([factOf(1)]);
    expect(forced.at(-1)).toContain(factOf(1).id);
    await journal.append([factOf(2)]);
    expect(forced.at(-1)).toContain(factOf(2).id);
  } finally {
    prototype.datasync = datasync;
  }
});
