import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillOnce } from "@granary/servers";

const run = promisify(execFile);

/** Go checks what it downloads against its own checksum database. */
const MODULE = { path: "sigs.k8s.io/kustomize/kustomize/v5", version: "5.7.1" } as const;
const BUILD_MS = 300_000;
const PROBE_MS = 20_000;

/** A kustomize that can be run. */
export interface Kustomize {
  /** How it was come by, with its version. */
  readonly title: string;
  /** The manifests of a folder, as YAML. @throws with what it complains of */
  readonly build: (folder: string) => Promise<string>;
}

/**
 * Looks for kustomize: on the PATH, in kubectl, in the cache, and at last it is built from its Go module, once, where
 * there is a Go and `GRANARY_NO_DOWNLOAD` is not 1. Answers why there is none otherwise.
 */
export async function findKustomize(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Kustomize | { readonly tried: readonly string[] }> {
  const tried: string[] = [];
  const look = async (from: string, program: string, kubectl = false): Promise<Kustomize | null> => {
    try {
      const asked = kubectl ? ["version", "--client"] : ["version"];
      const { stdout } = await run(program, asked, { timeout: PROBE_MS });
      const version = /(?:Kustomize Version: )?(v\d+\.\d+\.\d+)\s*$/.exec(stdout)?.[1];
      if (!version) throw new Error("it says no version of kustomize");
      const command = kubectl ? "kustomize" : "build";
      return {
        title: `kustomize ${version} (${from})`,
        build: async (folder) =>
          (await run(program, [command, folder], { maxBuffer: 16 * 1024 * 1024 })).stdout,
      };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      tried.push(`${from}: ${code === "ENOENT" ? "not there" : message}`);
      return null;
    }
  };

  const found = (await look("kustomize", "kustomize")) ?? (await look("kubectl", "kubectl", true));
  if (found) return found;
  try {
    const from = `Go module ${MODULE.path}`;
    const cache = cacheFolder(environment);
    await mkdir(cache, { recursive: true });
    const folder = await fillOnce(cache, `kustomize-${MODULE.version}-go`, async (place) => {
      if (environment["GRANARY_NO_DOWNLOAD"] === "1") throw new Error("GRANARY_NO_DOWNLOAD is 1");
      await run("go", ["install", `${MODULE.path}@v${MODULE.version}`], {
        timeout: BUILD_MS,
        env: { ...environment, GOBIN: place, CGO_ENABLED: "0" },
      });
    });
    return (await look(from, join(folder, "kustomize"))) ?? { tried };
  } catch (error) {
    tried.push(`Go module ${MODULE.path}: ${(error as Error).message.split("\n")[0]}`);
    return { tried };
  }
}

/** Whether tests must not be skipped for want of a tool: `GRANARY_DEMAND_TOOLS` names it in a list parted by commas. */
export function toolDemanded(tool: string, environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment["GRANARY_DEMAND_TOOLS"] ?? "")
    .split(",")
    .map((one) => one.trim())
    .includes(tool);
}
