import { join } from "node:path";
import { expect, it } from "vitest";
import { runRivals } from "./rivalRun.ts";
import { newFolder } from "./sqliteRig.ts";

const DEADLINE_MS = 60_000;

it(
  "gives every task to one of three processes, and loses none of their signals and saves",
  { timeout: DEADLINE_MS },
  async () => {
    const folder = await newFolder();
    expect(folder.path).not.toBe("");
    try {
      // All three make the tables of the new file at once.
      await runRivals(join(folder.path, "granary.db"));
    } finally {
      await folder.remove();
    }
  },
);
