/** `npm run demo [-- FILE.jsonl]`: the whole path, from a file to checked results, against the simulator. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, failureOf, failureText } from "../failure.ts";
import { endQuietlyOnClosedPipe } from "../terminal/terminal.ts";
import { runDemo } from "./runDemo.ts";

const WORKLOAD = fileURLToPath(new URL("../../../../examples/workload.jsonl", import.meta.url));
const INTERRUPTED = 130;

endQuietlyOnClosedPipe();
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(INTERRUPTED);
    stopping.abort();
  });
const [file, ...others] = process.argv.slice(2);
if (others.length > 0 || file?.startsWith("-")) {
  console.error("usage: npm run demo [-- FILE.jsonl]");
  process.exit(file === "--help" ? EXIT.fine : EXIT.wrongInput);
}
try {
  const code = await runDemo(file === undefined ? WORKLOAD : given(file), stopping.signal);
  process.exitCode = stopping.signal.aborted ? INTERRUPTED : code;
} catch (error) {
  const failure = failureOf(error);
  console.error(`demo: ${failureText(failure)}`);
  process.exitCode = failure.exitCode;
}
// Connections that are kept for the next call must not keep the process.
process.exit();

/** The file as the caller means it: npm runs a script in the root, wherever it was called. */
function given(path: string): string {
  const from = process.env["npm_lifecycle_event"] === "demo" ? process.env["INIT_CWD"] : undefined;
  return resolve(from ?? ".", path);
}
