/** The bare loop: reads each item, looks whether its key is new, and keeps a copy with its digest. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Item } from "@granary/domain";
import { contend } from "../contender.ts";
import { linesOf } from "../linesOf.ts";

await contend(async ({ folder, itemsPath }) => {
  const keys = new Set<string>();
  const hash = createHash("sha256");
  const copy = openSync(join(folder, "items.jsonl"), "w");
  for await (const lines of linesOf(createReadStream(itemsPath))) {
    let text = "";
    for (const line of lines) {
      const item = JSON.parse(line) as Item;
      if (keys.has(item.key)) throw new Error(`the key ${item.key} is used twice`);
      keys.add(item.key);
      text += `${JSON.stringify(item)}\n`;
    }
    hash.update(text);
    writeSync(copy, text);
  }
  fsyncSync(copy);
  closeSync(copy);
  return { items: keys.size, waitMs: 0 };
});
