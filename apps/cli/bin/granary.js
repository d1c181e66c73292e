#!/usr/bin/env node
// Runs `granary` on Node 24 or newer, whatever Node starts this file: it is kept to what Node 20 understands.
// From a checkout the TypeScript source runs as it is; where there is none, the build does.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const built = fileURLToPath(new URL("../dist/main.js", import.meta.url));

const node = nodeBinary();
const fromSource = existsSync(source);
const quiet = "--disable-warning=ExperimentalWarning";
const command = fromSource ? [quiet, "--conditions=@granary/source", source] : [quiet, built];
const args = [...command, ...process.argv.slice(2)];
// Keeps what was stripped and compiled, which halves the start; Node ignores a folder it cannot write.
if (fromSource)
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
    new URL("../../../node_modules/.cache/granary", import.meta.url),
  );

if (node === null) {
  console.error(
    `granary needs Node ${NEEDED} or newer and found ${process.version}: run npm install in the repository, which brings one`,
  );
  process.exitCode = 1;
} else if (process.execve && process.platform !== "win32") {
  // The process becomes granary: its id, signals and exit code are the caller's own.
  process.execve(node, [node, ...args], process.env);
} else runChild(node);

/** This Node where it is new enough, else the one of the npm package `node`; null where there is neither. */
function nodeBinary() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return process.execPath;
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    const name = process.platform === "win32" ? "node.exe" : "node";
    const path = join(dirname(manifest), "bin", name);
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/** @param {string} path */
function runChild(path) {
  const child = spawn(path, args, { stdio: "inherit" });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both; a second one would end the child without grace.
      if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
    });
  child.on("error", (error) => {
    console.error(`granary could not start ${path}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0);
  });
}
