/**
 * Writes onto the tasks `w0` to `w4` without end: each save counts the priority up and tells a fact. Prints a line for
 * each save that was answered, and is meant to be killed.
 */
import { aFact, many } from "./documents.ts";
import { storeAt } from "./storeAt.ts";

const [, , place = ""] = process.argv;
const store = await storeAt(place);
const ids = many(5, (at) => `w${at}`);
process.stdout.write("ready\n");
for (let turn = 0; ; turn += 1) {
  const id = ids[turn % ids.length] ?? "";
  const held = await store.load("task", id);
  if (!held) throw new Error(`task ${id} is gone`);
  const next = { ...held, priority: held.priority + 1 };
  const result = await store.save("task", held, next, { facts: [aFact("task", held)] });
  if ("saved" in result) process.stdout.write(`${id}\n`);
}
