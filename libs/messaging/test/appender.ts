/** A process of its own that publishes facts: `appender.ts PATH FIRST COUNT`, one after the other, each id printed once durable. */
import { openJournal } from "../src/journal.ts";
import { factOf } from "./factOf.ts";

const [path = "", first = "0", count = "0"] = process.argv.slice(2);
const journal = await openJournal(path);
for (let n = Number(first); n < Number(first) + Number(count); n += 1) {
  const fact = factOf(n, "x".repeat(20_000));
  await journal.append([fact]);
  process.stdout.write(`${fact.id}\n`);
}
await journal[Symbol.asyncDispose]();
