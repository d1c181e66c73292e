import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../e2e/rig.ts";

const run = promisify(execFile);
const BUILD_MS = 240_000;
/** What a build is not sent: see .dockerignore. */
const LEFT_OUT = new Set([
  "node_modules",
  "dist",
  "deploy",
  "docs",
  ".git",
  ".granary",
  ".nx",
  ".test-counts.json",
]);

/**
 * Makes what the image has at /app below `folder`, by the Dockerfile's own step, and answers where it lies. The sources
 * are copied as a build gets them; the compiler is taken from the dependencies that are installed here, which the
 * Dockerfile installs from the same lockfile. What is installed for production is installed by npm.
 * @throws where the step fails, with what it says
 */
export async function buildImageFolder(folder: string): Promise<string> {
  const sources = join(folder, "src");
  cpSync(ROOT, sources, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  linkDependencies(join(sources, "node_modules"));
  const app = join(folder, "app");
  const step = buildStep(app);
  await run(process.execPath, step, { cwd: sources, timeout: BUILD_MS });
  for (const path of ["", ...globSync("**/*", { cwd: app })]) {
    const place = join(app, path);
    const state = lstatSync(place);
    if (!state.isSymbolicLink()) chmodSync(place, state.isDirectory() || state.mode & 0o100 ? 0o555 : 0o444);
  }
  return app;
}

/** The arguments of the Dockerfile's step that puts the image's folder together. */
function buildStep(app: string): readonly string[] {
  const dockerfile = readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8");
  const [, words] = /^RUN node (.*)$/m.exec(dockerfile) ?? [];
  const step = words?.split(" ") ?? [];
  if (step.at(-1) !== "/out") throw new Error("the Dockerfile makes no /out");
  return [...step.slice(0, -1), app];
}

/** Links to what is installed, but for our own packages: those are the copies. */
function linkDependencies(target: string): void {
  const installed = join(ROOT, "node_modules");
  mkdirSync(join(target, "@granary"), { recursive: true });
  for (const name of readdirSync(installed))
    if (name !== "@granary") symlinkSync(join(installed, name), join(target, name));
  for (const name of readdirSync(join(installed, "@granary"))) {
    const place = relative(realpathSync(ROOT), realpathSync(join(installed, "@granary", name)));
    symlinkSync(join("../..", place), join(target, "@granary", name));
  }
}

/** A digest of every file's name, size and time below a folder: another one where anything was written. */
export function stateOf(folder: string): string {
  const hash = createHash("sha256");
  for (const path of globSync("**/*", { cwd: folder }).toSorted()) {
    const { size, mtimeMs, mode } = lstatSync(join(folder, path));
    hash.update(`${path} ${size} ${mtimeMs} ${mode}\n`);
  }
  return hash.digest("hex");
}
