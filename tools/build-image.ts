/**
 * Puts together what an image runs, in a folder that is not there yet or empty: `node tools/build-image.ts FOLDER`.
 * Compiles the services and the command, installs what they need in production from the lockfile and nothing else, and
 * leaves out what no process reads. The Dockerfile calls it; it needs no container engine.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What is started; everything else comes along because one of these needs it. */
const STARTED = ["services/submitter", "services/monitor", "services/harvester", "apps/cli"];
/** Of what we compile: no types, and nothing that only the compiler reads. Maps stay: stacks then name our lines. */
const OURS = /\.(?:js|js\.map|json)$/;
/** Of what others deliver: sources, types, maps, tests and pages are half of it. Licences stay. */
const UNREAD = "**/node_modules/**/*.{ts,mts,cts,map,md,markdown,tsbuildinfo,test.js,test.mjs,test.cjs}";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package as the lockfile has it, under the folder it is installed in. */
interface Locked {
  /** Where a link leads: our own packages. */
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const root = dirname(import.meta.dirname);
const [target, ...more] = process.argv.slice(2);
if (target === undefined || more.length > 0) {
  console.error("usage: node tools/build-image.ts FOLDER");
  process.exit(2);
}
const out = resolve(target);
if (existsSync(out) && readdirSync(out).length > 0) {
  console.error(`${out} is not empty: name a folder that is not there yet`);
  process.exit(1);
}

const projects = new Map(
  globSync(["{libs,services,apps}/*/package.json", "{test,bench}/package.json"], { cwd: root }).map(
    (path) => {
      const { name, dependencies = {} }: Manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
      return [name, { folder: dirname(path), uses: Object.keys(dependencies) }] as const;
    },
  ),
);

/** The folders of our packages that a started one needs. */
function needed(): readonly string[] {
  const found = new Set(STARTED);
  for (const folder of found) {
    const uses = [...projects.values()].find((project) => project.folder === folder)?.uses ?? [];
    for (const name of uses) {
      const used = projects.get(name);
      if (used) found.add(used.folder);
    }
  }
  return [...found];
}

function compile(): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const builds = STARTED.map((folder) => `${folder}/tsconfig.build.json`);
  execFileSync(process.execPath, [tsc, "-b", ...builds], { cwd: root, stdio: "inherit" });
}

/** The lockfile speaks of all our packages, so npm wants to see all of them; those that nobody needs go again. */
function install(folders: readonly string[]): void {
  mkdirSync(out, { recursive: true });
  const manifests = [...projects.values()].map(({ folder }) => join(folder, "package.json"));
  for (const path of ["package.json", "package-lock.json", ...manifests])
    cpSync(join(root, path), join(out, path));
  const workspaces = folders.flatMap((folder) => ["--workspace", folder]);
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  // No package's script is needed to run, so none of them gets the chance.
  execFileSync("npm", ["ci", "--omit=dev", "--ignore-scripts", ...quiet, ...workspaces], {
    cwd: out,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  for (const { folder } of projects.values())
    if (!folders.includes(folder)) rmSync(join(out, folder), { recursive: true });
  for (const folder of ["test", "bench", "libs", "services", "apps"])
    if (existsSync(join(out, folder)) && readdirSync(join(out, folder)).length === 0)
      rmSync(join(out, folder), { recursive: true });
}

/**
 * Takes out what only packages need that are not here: npm installs for all of ours, also for those that nothing but
 * tests use.
 */
function takeOut(folders: readonly string[]): void {
  const { packages }: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  /** As Node looks for it: beside the one who asks, then further up. */
  function resolved(from: string, name: string): string | null {
    for (let at = from; ; at = dirname(at)) {
      const path = join(at === "." ? "" : at, "node_modules", name);
      if (packages[path]) return path;
      if (at === ".") return null;
    }
  }
  const reached = new Set(folders);
  for (const path of reached) {
    const {
      link,
      resolved: place,
      dependencies,
      optionalDependencies,
      peerDependencies,
    } = packages[path] ?? {};
    if (link && place) reached.add(place);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const found = resolved(path, name);
      if (found) reached.add(found);
    }
  }
  for (const path of Object.keys(packages))
    if (path.includes("node_modules/") && !reached.has(path))
      rmSync(join(out, path), { recursive: true, force: true });
}

function copyCompiled(folders: readonly string[]): void {
  for (const folder of folders)
    for (const file of globSync("dist/**/*", { cwd: join(root, folder) }).filter((path) => OURS.test(path)))
      cpSync(join(root, folder, file), join(out, folder, file));
  cpSync(join(root, "apps/cli/bin"), join(out, "apps/cli/bin"), { recursive: true });
  cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
}

function leaveOut(): void {
  for (const file of globSync(UNREAD, { cwd: out })) rmSync(join(out, file));
  // npm reads them, and nothing that runs here does.
  for (const path of ["package-lock.json", "node_modules/.package-lock.json", "node_modules/.bin"])
    rmSync(join(out, path), { recursive: true, force: true });
}

const folders = needed();
compile();
install(folders);
takeOut(folders);
copyCompiled(folders);
leaveOut();
console.log(`${out}: ${folders.toSorted().join(", ")}`);
