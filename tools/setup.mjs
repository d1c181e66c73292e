// `node tools/setup.mjs -- COMMAND ARGUMENTS`: installs what the lockfile asks for where it is not there, then runs
// the command with the Node of the npm package `node`. It is started by whatever Node a machine has, so it is kept to
// what Node 20 understands, and it imports nothing that would have to be installed first.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = 20;
const WINDOWS = process.platform === "win32";
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const node = join(modules, "node", "bin", WINDOWS ? "node.exe" : "node");

const paths = (process.env.PATH ?? "").split(delimiter);

const args = process.argv.slice(2);
const [command, ...rest] = args[0] === "--" ? args.slice(1) : args;

if (command === undefined) fail("usage: node tools/setup.mjs -- COMMAND ARGUMENTS", 2);
else if (Number.parseInt(process.versions.node, 10) < NEEDED)
  fail(`Node ${NEEDED} or newer is needed to set this up; this is ${process.version}`, 1);
else process.exitCode = (await install()) || (await start(command, rest));

/** Installs where something is missing. Gives the exit code. */
async function install() {
  const why = whatIsMissing();
  if (why === null) return 0;
  say(`${why}: running npm ci, once (about a minute)`);
  const code = await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    // The standard output belongs to the command.
    stdio: ["inherit", process.stderr, "inherit"],
    // Npm removes node_modules first: it must not run on the Node that lies in it.
    env: { ...process.env, PATH: paths.filter((path) => !path.startsWith(modules)).join(delimiter) },
  });
  if (code !== 0) say(`npm ci failed (${code}): nothing was started`);
  else if (!existsSync(node)) {
    // Npm may be told to run no scripts; the package `node` fetches its binary in one.
    say(`npm ci brought no ${node}: allow its install script (npm config get ignore-scripts)`);
    return 1;
  }
  return code;
}

/** Why an installation is needed; null where none is. */
function whatIsMissing() {
  const installed = packagesOf(join(modules, ".package-lock.json"));
  if (installed === null || !existsSync(node)) return "The dependencies are not installed";
  const wanted = packagesOf(join(root, "package-lock.json")) ?? {};
  const differs = Object.entries(wanted).some(([path, entry]) => {
    if (path === "") return false;
    const found = installed[path];
    // Those of other platforms are left out by npm.
    if (found === undefined) return !entry.optional && !entry.devOptional;
    return found.version !== entry.version || found.integrity !== entry.integrity;
  });
  return differs ? "The installed dependencies are not those of package-lock.json" : null;
}

/** What a lockfile lists; null where there is no readable one. Npm writes the installed one last of all. */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch {
    return null;
  }
}

/** Runs the command, which is found in node_modules/.bin or on the path. Gives its exit code. */
function start(name, values) {
  const env = { ...process.env, PATH: [join(modules, ".bin"), ...paths].join(delimiter) };
  return run(name === "node" ? node : name, values, { stdio: "inherit", env });
}

/** Runs a program, and hands signals on to it; gives its exit code, as a shell would. */
function run(name, values, options) {
  const child = spawn(name, values, { ...options, shell: WINDOWS && name !== node });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const pass = (signal) => {
    // A terminal sends Ctrl-C to both; told twice, the child would end without grace.
    if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      say(`${name} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => {
      for (const each of signals) process.off(each, pass);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function say(text) {
  console.error(text);
}

function fail(text, code) {
  say(text);
  process.exitCode = code;
}
