import type { Argument, Command, Option } from "commander";
import { EXIT_CODES, program } from "../program.ts";
import { inMarkdown } from "./inMarkdown.ts";
import { seeAlso } from "./seeAlso.ts";

const HEAD = `# The command

<!-- Written by tools/generate-cli-docs.ts; change the command, not this. -->

Every command has \`--help\`, \`--json\` and \`--verbose\`. Results go to the standard output, everything said about them to
the standard error. A REQUEST is named by its caller's id (with \`--source\` where it is not \`cli\`) or by our own id,
\`rq…\`; a TASK by its tag, \`gr…\`.`;

const ENVIRONMENT = `## Environment

The store, the artifacts, the bus and the accounts are named by the environment and by the file of \`GRANARY_CONFIG\`:
[configuration.md](configuration.md) has every variable. With \`MONGODB_URI\` or \`NATS_URL\` a command speaks to services
of their own; otherwise the embedded stack is in this process, or in a \`granary up\` on the same store.
\`GRANARY_LOG_LEVEL\` lets log lines through, and \`GRANARY_COMMIT\` is told by \`--version\`.`;

/** The reference of the command and all its subcommands, in Markdown. */
export function commandManual(): string {
  const root = program();
  const commands = leavesOf(root);
  return [
    HEAD,
    "## Exit codes",
    table(
      ["Code", "Meaning"],
      EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
    ),
    ENVIRONMENT,
    "## Commands",
    commands.map(([name]) => `- [${name}](#${name.replaceAll(" ", "-")})`).join("\n"),
    ...commands.map(([name, command]) => section(name, command)),
    "",
  ].join("\n\n");
}

/** Each command that does something by itself, with its name. */
function leavesOf(root: Command): readonly (readonly [name: string, command: Command])[] {
  return root
    .createHelp()
    .visibleCommands(root)
    .filter((command) => command.name() !== "help")
    .flatMap((command) => {
      const below = command.commands.map((sub) => [`granary ${command.name()} ${sub.name()}`, sub] as const);
      const own = command.options.length === 0 && below.length > 0;
      return own ? below : [[`granary ${command.name()}`, command] as const, ...below];
    });
}

function section(name: string, command: Command): string {
  const help = command.createHelp();
  const { examples, notes } = afterHelp(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  return [
    `### ${name}`,
    `${inMarkdown(command.description())}.`,
    `\`\`\`text\n${name} ${synopsis(command)}\n\`\`\``,
    ...(command.registeredArguments.length === 0
      ? []
      : [table(["Argument", "Meaning"], command.registeredArguments.map(argumentRow))]),
    table(["Option", "Meaning", "Default"], options.map(optionRow)),
    ...notes.map((note) => `\`\`\`text\n${note}\n\`\`\``),
    `Examples:\n\n\`\`\`sh\n${examples}\n\`\`\``,
    `See also: ${seeAlso(name)}.`,
  ].join("\n\n");
}

function synopsis(command: Command): string {
  const own = command.usage();
  return own.replace("[command]", "").replaceAll(/ +/g, " ").trim();
}

function argumentRow(argument: Argument): readonly string[] {
  const dots = argument.variadic ? "…" : "";
  const name = argument.required ? `<${argument.name()}${dots}>` : `[${argument.name()}${dots}]`;
  return [`\`${name}\``, `${argument.description}${choicesText(argument.argChoices)}`];
}

function optionRow({ flags, description, argChoices, defaultValue, negate }: Option): readonly string[] {
  const shown = defaultValue === undefined || negate ? "" : `\`${String(defaultValue)}\``;
  return [`\`${flags}\``, `${description}${choicesText(argChoices)}`, shown];
}

function choicesText(choices: readonly string[] | undefined): string {
  return choices ? `: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : "";
}

/** What a command's help says below its options: paragraphs, and the examples. */
function afterHelp(command: Command): { readonly examples: string; readonly notes: readonly string[] } {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const [, after = ""] = text.split(/\n(?=Examples:\n)/);
  const blocks = after.split(/\n{2,}/).map((block) => block.trimEnd());
  const examples = (blocks[0] ?? "")
    .replace(/^Examples:\n/, "")
    .split("\n")
    .map((line) => line.replace(/^ {2}\$ /, ""))
    .join("\n");
  // What stands between options and examples is said before them.
  const before = text.split(/\nExamples:\n/)[0] ?? "";
  const between = before.split(/\n{2,}/).filter((block) => !isCommanders(block));
  return { examples, notes: [...between, ...blocks.slice(1)].filter((block) => block.trim() !== "") };
}

/** Whether a block of help is one of those that the tables above have. */
function isCommanders(block: string): boolean {
  return /^(Usage|Options|Arguments|Commands|Global Options):/.test(block) || !/\n/.test(block.trim());
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableLine(head), tableLine(head.map(() => "---")), ...rows.map(tableLine)].join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map(inMarkdown).join(" | ")} |`;
}
