import type { Command } from "commander";
import { CommanderError } from "commander";
import { EXIT, failureOf, failureText } from "./failure.ts";

/** Runs the program on its arguments; failures become one clear line (or list) and the exit code. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it already; its own code is 0 for help and version.
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.wrongInput;
      return;
    }
    const failure = failureOf(error);
    process.exitCode = failure.exitCode;
    const { message, faults, exitCode } = failure;
    if (argv.includes("--json")) console.log(JSON.stringify({ error: { message, faults, exitCode } }));
    console.error(`granary: ${failureText(failure)}`);
    if (argv.includes("--verbose")) console.error(failure.cause ?? failure);
  }
}
