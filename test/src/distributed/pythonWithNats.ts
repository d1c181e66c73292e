import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillOnce } from "@granary/servers";

const execute = promisify(execFile);

const PACKAGE = "nats-py==2.16.0";
const FETCH_MS = 120_000;
const RUN_MS = 90_000;

/** Runs a Python program with `nats-py` to its end, and answers what it wrote. @throws Error where it fails */
export type RunPython = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<{ readonly stdout: string; readonly stderr: string }>;

/** A Python that has `nats-py`, fetched once into the servers' cache; or why there is none. */
export async function pythonWithNats(): Promise<RunPython | { readonly why: string }> {
  try {
    const version = "import sys; print('%d.%d' % sys.version_info[:2])";
    const python = (await execute("python3", ["-c", version])).stdout.trim();
    const cache = cacheFolder();
    await mkdir(cache, { recursive: true });
    const folder = await fillOnce(cache, `nats-py-2.16.0-python${python}`, async (target) => {
      if (process.env["GRANARY_NO_DOWNLOAD"] === "1") throw new Error("GRANARY_NO_DOWNLOAD is 1");
      const quiet = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary=:all:"];
      const pip = ["-m", "pip", "install", ...quiet, "--target", join(target, "packages"), PACKAGE];
      await execute("python3", pip, { timeout: FETCH_MS });
    });
    const path = process.env["PATH"] ?? "";
    const PYTHONPATH = join(folder, "packages");
    return async (args, env) =>
      execute("python3", [...args], { timeout: RUN_MS, env: { PATH: path, PYTHONPATH, ...env } });
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
