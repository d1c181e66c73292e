import { Command } from "commander";
import { artifactsCommand } from "./commands/artifactsCommand.ts";
import { cancelCommand } from "./commands/cancelCommand.ts";
import { completeCommand, completionCommand } from "./commands/completionCommand.ts";
import { costCommand } from "./commands/costCommand.ts";
import { dlqCommand } from "./commands/dlqCommand.ts";
import { doctorCommand } from "./commands/doctorCommand.ts";
import { harvestCommand } from "./commands/harvestCommand.ts";
import { jobsCommand } from "./commands/jobsCommand.ts";
import { listCommand } from "./commands/listCommand.ts";
import { migrateCommand } from "./commands/migrateCommand.ts";
import { planCommand } from "./commands/planCommand.ts";
import { pollCommand } from "./commands/pollCommand.ts";
import { providersCommand } from "./commands/providersCommand.ts";
import { purgeCommand } from "./commands/purgeCommand.ts";
import { resultsCommand } from "./commands/resultsCommand.ts";
import { retryCommand } from "./commands/retryCommand.ts";
import { showCommand } from "./commands/showCommand.ts";
import { simulatorCommand } from "./commands/simulatorCommand.ts";
import { smokeCommand } from "./commands/smokeCommand.ts";
import { submitCommand } from "./commands/submitCommand.ts";
import { unknownCommand } from "./commands/unknownCommand.ts";
import { upCommand } from "./commands/upCommand.ts";
import { verifyCommand } from "./commands/verifyCommand.ts";
import { watchCommand } from "./commands/watchCommand.ts";
import type { ExitCode } from "./failure.ts";
import { EXIT } from "./failure.ts";
import { versionText } from "./version.ts";

/** What the command's exit tells a script. */
export const EXIT_CODES: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.fine, "all is well"],
  [
    EXIT.failed,
    "something failed, or something was found (failed items, findings, a request that has not ended)",
  ],
  [EXIT.wrongInput, "wrong usage or wrong input: nothing was done, and the same again will not help"],
  [
    EXIT.unavailable,
    "not reachable, or held by somebody else (a lock, a port, the store, a provider): later it may work",
  ],
];

const EPILOGUE = `
A REQUEST is named by its caller's id (with --source where it is not "cli") or by our own id, rq….

Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join("\n")}

Examples:
  $ granary up                             # run the embedded stack until Ctrl-C
  $ granary submit items.jsonl --model gpt-4o-mini
  $ granary results items-1a2b3c4d5e6f > answers.jsonl`;

/** The whole command, with all its subcommands. */
export function program(): Command {
  const root = workProgram();
  const [completion, complete] = [completionCommand(workProgram), completeCommand(workProgram)];
  for (const command of [completion, complete])
    command.exitOverride().showHelpAfterError("(--help tells more)");
  return root.addCommand(completion).addCommand(complete, { hidden: true });
}

/** What a shell completes: all commands but those that complete. */
function workProgram(): Command {
  const root = new Command("granary")
    .description("Runs LLM work on the providers' batch APIs, and creates no job twice.")
    .version(
      versionText(process.argv.includes("--json")),
      "-V, --version",
      "print what runs; as JSON, with the version of Node, beside --json",
    )
    .helpCommand("help [command]", "help for a command; the exit codes stand below")
    // A group may have options of its own beside those of its subcommands.
    .enablePositionalOptions()
    .addHelpText("after", EPILOGUE);
  const commands = [
    upCommand(),
    planCommand(),
    submitCommand(),
    watchCommand(),
    listCommand(),
    showCommand(),
    resultsCommand(),
    artifactsCommand(),
    costCommand(),
    cancelCommand(),
    retryCommand(),
    pollCommand(),
    harvestCommand(),
    verifyCommand(),
    doctorCommand(),
    smokeCommand(),
    providersCommand(),
    jobsCommand(),
    unknownCommand(),
    dlqCommand(),
    purgeCommand(),
    migrateCommand(),
    simulatorCommand(),
  ];
  const all = [root, ...commands.flatMap((command) => [command, ...command.commands])];
  for (const command of all) command.exitOverride().showHelpAfterError("(--help tells more)");
  for (const command of commands) root.addCommand(command);
  return root;
}
