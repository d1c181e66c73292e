/** A process of its own that runs a body, which behaves as its argument says, until it is told to stop. */
import { run } from "../src/run.ts";

const [behaviour = "", graceMs = "60000"] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = {
  info: (fields: object, message: string) => say(`${message} ${JSON.stringify(fields)}`),
  error: (_fields: object, message: string) => say(message),
};

const ended = await run({ log, graceMs: Number(graceMs) }, async (stop) => {
  // Something that keeps the process alive, as open sockets do.
  const alive = setInterval(() => {}, 60_000);
  say("running");
  if (behaviour === "fails") {
    clearInterval(alive);
    throw new Error("cannot start");
  }
  if (behaviour !== "ends")
    await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  if (behaviour === "leavesOpen") return;
  if (behaviour === "hangs") await new Promise<never>(() => {});
  clearInterval(alive);
  if (behaviour === "throwsTheStop") stop.throwIfAborted();
  if (behaviour === "failsWhileStopping") throw new Error("cannot finish");
});
say(`ended ${ended}`);
