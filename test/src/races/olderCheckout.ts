import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Role } from "@granary/domain";
import { freePort } from "@granary/servers";
import type { Rig, Started } from "../e2e/rig.ts";
import { ROOT } from "../e2e/rig.ts";

const execute = promisify(execFile);

/**
 * The oldest commit whose services understand today's environment: the first one with three services and accounts of all
 * three providers.
 */
export const OLDEST = "d9182f44";

const MIGRATIONS = ["libs/store/src/sqlite/migrations.ts", "libs/store/src/mongo/migrations"];

/** An older version of the services, on today's dependencies. */
export interface OlderCheckout extends AsyncDisposable {
  /** Starts one, without waiting for it. It goes with the rig. */
  readonly start: (rig: Rig, service: Role, env: Readonly<Record<string, string>>) => Promise<OlderService>;
}

/** A service of the older version. */
export interface OlderService {
  readonly process: Started;
  readonly ready: () => Promise<boolean>;
}

/** Why this clone does not have a commit; null where it has it. */
export async function missingCommit(commit: string): Promise<string | null> {
  try {
    await execute("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: ROOT });
    return null;
  } catch {
    return `the history here does not go back to ${commit}: git fetch --unshallow brings it`;
  }
}

/**
 * The oldest commit whose store has today's schema, where that is younger than `OLDEST`: the last one that changed how a
 * store is migrated. Null where there is none, or the history does not tell.
 */
export async function firstOfSchema(): Promise<string | null> {
  try {
    const commit = await git("log", "-1", "--format=%h", "--abbrev=8", "--", ...MIGRATIONS);
    await git("merge-base", "--is-ancestor", OLDEST, commit);
    return commit === OLDEST ? null : commit;
  } catch {
    return null;
  }
}

async function git(...args: readonly string[]): Promise<string> {
  return (await execute("git", [...args], { cwd: ROOT })).stdout.trim();
}

/**
 * Lays a commit out in a folder of its own. Packages of the workspace are its own, all others are those that are
 * installed here. @throws Error where the history does not have it
 */
export async function openOlderCheckout(commit: string): Promise<OlderCheckout> {
  const folder = await mkdtemp(join(tmpdir(), "granary-older-"));
  const archive = join(folder, "archive.tar");
  await execute("git", ["archive", "--output", archive, commit, "apps", "libs", "services", "package.json"], {
    cwd: ROOT,
  });
  await execute("tar", ["-xf", archive, "-C", folder]);
  await linkPackages(folder);
  return {
    async start(rig, service, env) {
      const port = await freePort();
      const process = rig.node([join(folder, "services", service, "src/main.ts")], {
        env: { ...env, GRANARY_HTTP_HOST: "127.0.0.1", GRANARY_HTTP_PORT: String(port) },
      });
      return {
        process,
        ready: async () =>
          fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(
            ({ ok }) => ok,
            () => false,
          ),
      };
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  };
}

async function linkPackages(folder: string): Promise<void> {
  const installed = join(ROOT, "node_modules");
  const linked = join(folder, "node_modules");
  const ours = join(linked, "@granary");
  await mkdir(ours, { recursive: true });
  for (const name of await readdir(installed))
    if (name !== "@granary" && !name.startsWith("."))
      await symlink(join(installed, name), join(linked, name));
  // `../../libs/domain`: the same place in either folder.
  for (const name of await readdir(join(installed, "@granary")))
    await symlink(await readlink(join(installed, "@granary", name)), join(ours, name));
}
