import { readFileSync } from "node:fs";
import { Faulty } from "@granary/domain";
import { configSource } from "@granary/runtime";
import { JOB_LIMITS } from "./jobLimits.ts";
import type { ServiceOptions } from "./runService.ts";
import { runService } from "./runService.ts";

/** Wrong configuration: the same start again will not help. */
const WRONG_INPUT = 2;

/** A service's `main`: reads this process's environment and files, runs, and ends the process with its exit code. */
export async function serviceMain(options: Omit<ServiceOptions, "source">): Promise<never> {
  const source = configSource({
    env: process.env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "service",
    jobLimits: JOB_LIMITS,
  });
  try {
    await runService({ ...options, source });
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    process.stderr.write(`${options.service}: ${error.message}\n`);
    process.exitCode = WRONG_INPUT;
  }
  // Connections that are kept for the next call must not keep the process.
  process.exit();
}
