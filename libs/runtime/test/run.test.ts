import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";

/** A process that runs; the lines it says, and how it ends. */
function program(...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    ["--conditions=@granary/source", join(import.meta.dirname, "runProgram.ts"), ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => said.push(line));
  const exited = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    said,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async says(line: string): Promise<void> {
      while (!said.includes(line))
        await Promise.race([once(lines, "line"), exited.then(() => Promise.reject(new Error(said.join())))]);
    },
    code: async () => (await exited)[0],
  };
}

test("a body that ends by itself ends the program well", async () => {
  const running = program("ends");
  expect(await running.code()).toBe(0);
  expect(running.said).toEqual(["running", "ended true"]);
});

test("a body that fails is told, and the program ends with 1", async () => {
  const running = program("fails");
  expect(await running.code()).toBe(1);
  expect(running.said).toEqual(["running", "failed", "ended false"]);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s lets the body finish, and the program ends well",
  async (signal) => {
    const running = program("stops");
    await running.says("running");
    running.kill(signal);
    expect(await running.code()).toBe(0);
    expect(running.said).toEqual([
      "running",
      `stopping {"signal":"${signal}","graceMs":60000}`,
      "ended true",
    ]);
  },
);

test("a second signal ends a body that hangs at once", async () => {
  const running = program("hangs");
  await running.says("running");
  running.kill("SIGTERM");
  await running.says('stopping {"signal":"SIGTERM","graceMs":60000}');
  running.kill("SIGINT");
  expect(await running.code()).toBe(1);
  expect(running.said.slice(2)).toEqual(["ended at once, with work in hand"]);
});

test("a body that hangs for longer than the grace is ended", async () => {
  const running = program("hangs", "50");
  await running.says("running");
  running.kill("SIGTERM");
  expect(await running.code()).toBe(1);
  expect(running.said).toEqual(["running", 'stopping {"signal":"SIGTERM","graceMs":50}', "grace is over"]);
});

test("a body that ends by the stop itself has ended well", async () => {
  const running = program("throwsTheStop");
  await running.says("running");
  running.kill("SIGTERM");
  expect(await running.code()).toBe(0);
  expect(running.said.at(-1)).toBe("ended true");
});

test("a body that fails while it is stopped is told, and the program ends with 1", async () => {
  const running = program("failsWhileStopping");
  await running.says("running");
  running.kill("SIGTERM");
  expect(await running.code()).toBe(1);
  expect(running.said.slice(2)).toEqual(["failed", "ended false"]);
});

test("what a body leaves open is ended with the grace", async () => {
  const running = program("leavesOpen", "50");
  await running.says("running");
  running.kill("SIGTERM");
  expect(await running.code()).toBe(1);
  expect(running.said.slice(2)).toEqual(["ended true", "grace is over"]);
});
