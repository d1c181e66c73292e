import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillOnce } from "@granary/servers";

const run = promisify(execFile);
const PROBE_MS = 20_000;
const FETCH_MS = 300_000;

/** Prometheus and its tool, which can be run. */
export interface FoundPrometheus {
  readonly prometheus: string;
  readonly promtool: string;
  /** How they were come by, with the version. */
  readonly title: string;
}

/**
 * Looks for Prometheus 2.42 or newer and its promtool: on the PATH, in the cache, and at last Debian's package is
 * unpacked into the cache, once, where there is an apt and `GRANARY_NO_DOWNLOAD` is not 1. Nothing is installed.
 * Answers why there is none otherwise.
 */
export async function findPrometheus(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<FoundPrometheus | { readonly tried: readonly string[] }> {
  const tried: string[] = [];
  const look = async (from: string, prometheus: string, promtool: string) => {
    try {
      await run(promtool, ["--version"], { timeout: PROBE_MS });
      const { stdout } = await run(prometheus, ["--version"], { timeout: PROBE_MS });
      const [, version = "", major, minor] = /version ((\d+)\.(\d+)\.\d+)/.exec(stdout) ?? [];
      if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 42))
        throw new Error(`${version} is too old: 2.42 is the oldest that will do`);
      return { prometheus, promtool, title: `Prometheus ${version} (${from})` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      tried.push(`${from}: ${code === "ENOENT" ? "not there" : message}`);
      return null;
    }
  };

  const installed = await look("PATH", "prometheus", "promtool");
  if (installed) return installed;
  const from = "Debian's package";
  try {
    const cache = cacheFolder(environment);
    await mkdir(cache, { recursive: true });
    const folder = await fillOnce(cache, "prometheus-debian", async (place) => {
      if (environment["GRANARY_NO_DOWNLOAD"] === "1") throw new Error("GRANARY_NO_DOWNLOAD is 1");
      const options = { cwd: place, timeout: FETCH_MS };
      await run("apt-get", ["download", "prometheus"], options);
      const [archive] = (await readdir(place)).filter((name) => name.endsWith(".deb"));
      if (!archive) throw new Error("apt-get download brought nothing");
      await run("dpkg", ["-x", archive, "."], options);
      await rm(join(place, archive));
    });
    const bin = join(folder, "usr/bin");
    return (await look(from, join(bin, "prometheus"), join(bin, "promtool"))) ?? { tried };
  } catch (error) {
    tried.push(`${from}: ${(error as Error).message.trim().split("\n").at(-1)}`);
    return { tried };
  }
}
