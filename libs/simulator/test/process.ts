import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { simulatorMain } from "../src/index.ts";

/** A new folder, for as long as the test runs. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "granary-simulator-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A simulator in a process of its own, which ends with the test at the latest. */
export async function startProcess(...options: string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ["--conditions=@granary/source", simulatorMain, ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  return { child, url: JSON.parse(String(line)).url };
}
