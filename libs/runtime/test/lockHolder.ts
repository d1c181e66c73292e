/** A process of its own that takes the lock at the path it is given, says so, and gives it back when its standard input ends. */
import { once } from "node:events";
import { holdLock } from "../src/lockFile.ts";

const lock = await holdLock(process.argv[2] ?? "");
process.stdout.write("held\n");
process.stdin.resume();
await once(process.stdin, "end");
await lock[Symbol.asyncDispose]();
