import tab from "@bomb.sh/tab/commander";
import type { RootCommand } from "@bomb.sh/tab";
import type { Command } from "commander";

const GROUPS = ["request", "source", "day", "model", "provider", "account", "metadata:"];
const REQUEST = /^request/;

/** What a shell may complete: commands, options, choices, and these requests where a command takes one. */
export function completions(program: Command, requests: readonly string[]): RootCommand {
  const root = tab(program, { completionCommandName: "completion" });
  for (const command of root.commands.values())
    for (const argument of command.arguments.values())
      if (REQUEST.test(argument.name))
        argument.handler = (complete) => {
          for (const request of requests) complete(request, "");
        };
  const by = root.commands.get("cost")?.options.get("by");
  if (by)
    by.handler = (complete) => {
      for (const group of GROUPS) complete(group, "");
    };
  return root;
}

/** Whether the words so far may go on with a request. */
export function takesRequest(program: Command, words: readonly string[]): boolean {
  let command = program;
  for (const word of words.slice(0, -1))
    command = command.commands.find((sub) => sub.name() === word) ?? command;
  return command.registeredArguments.some((argument) => REQUEST.test(argument.name()));
}
