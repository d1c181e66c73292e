import { Command } from "commander";
import type { ExitCode } from "./failure.ts";
import { EXIT } from "./failure.ts";

/** An example and what it does. */
export type Example = readonly [command: string, meaning: string];

/** A subcommand with the options all have, and examples in its help. */
export function describedCommand(name: string, description: string, examples: readonly Example[]): Command {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, meaning]) => `  $ ${command.padEnd(width)}  # ${meaning}`);
  return new Command(name)
    .description(description)
    .option("--json", "print JSON")
    .option("--verbose", "tell more: log lines, and the stack of an error")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** An action whose answer is the process's exit code. */
export function ending<A extends unknown[]>(
  action: (...args: A) => Promise<ExitCode | void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = (await action(...args)) ?? EXIT.fine;
  };
}

/** A command that only groups others. */
export function groupCommand(name: string, description: string, commands: readonly Command[]): Command {
  const group = new Command(name).description(description).helpCommand(false);
  for (const command of commands) group.addCommand(command);
  return group;
}
