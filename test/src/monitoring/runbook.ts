import { readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "@granary/cli";
import { ROOT } from "../e2e/rig.ts";

type Command = ReturnType<typeof program>;

/** What the runbook has to be held against. */
export interface Runbook {
  /** Entries, by the anchor of their heading. */
  readonly entries: ReadonlyMap<string, string>;
  /** Every call of `granary`, in blocks and in sentences. */
  readonly commands: readonly string[];
  readonly queries: readonly string[];
  /** Anchors that it refers to in itself, and anchors of other documents as `<file>#<anchor>`. */
  readonly links: readonly string[];
}

/** Reads docs/runbook.md. */
export function readRunbook(): Runbook {
  const text = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
  const entries = new Map<string, string>();
  for (const section of text.split(/^### /m).slice(1)) {
    const [title = "", ...lines] = section.split("\n");
    entries.set(title.trim(), lines.join("\n").split(/^## /m)[0]!);
  }
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, body]) => ({
    language,
    body: body!,
  }));
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ body }) => body.split("\n"));
  const inline = [...text.matchAll(/`(granary [a-z][^`]*)`/g)].map(([, command]) => command!);
  return {
    entries,
    commands: [...lines.filter((line) => line.startsWith("granary ")), ...inline].map((line) => line.trim()),
    queries: blocks.filter(({ language }) => language === "promql").map(({ body }) => body.trim()),
    links: [...text.matchAll(/\]\(([^)]*)\)/g)].map(([, link]) => link!),
  };
}

/** Why `granary` would not take a line, or null where it would. What stands after a pipe is not its business. */
export function commandFault(line: string): string | null {
  const words = (line.split(" | ", 1)[0] ?? "").match(/"[^"]*"|\S+/g) ?? [];
  let command: Command = program();
  let at = 1;
  for (;;) {
    const sub = command.commands.find((one) => one.name() === words[at]);
    if (!sub) break;
    command = sub;
    at += 1;
  }
  if (at === 1) return `${line}: there is no such command`;
  const given: string[] = [];
  while (at < words.length) {
    const word = words[at]!;
    at += 1;
    if (!word.startsWith("-")) given.push(word);
    else {
      const option = command.options.find(({ long }) => long === word);
      if (!option) return `${line}: ${command.name()} has no option ${word}`;
      if (!option.required) continue;
      do {
        const value = words[at];
        if (value === undefined || value.startsWith("-")) return `${line}: ${word} has no value`;
        // Values in capitals are for the reader to fill in.
        if (option.argChoices && !/^[A-Z]+$/.test(value) && !option.argChoices.includes(value))
          return `${line}: ${word} knows no ${value}`;
        at += 1;
      } while (option.variadic && at < words.length && !words[at]!.startsWith("-"));
    }
  }
  const { registeredArguments } = command;
  const least = registeredArguments.filter(({ required }) => required).length;
  const most = registeredArguments.some(({ variadic }) => variadic) ? Infinity : registeredArguments.length;
  if (command.commands.length > 0 && least === 0 && most === 0 && given.length > 0)
    return `${line}: ${command.name()} has no ${given[0]}`;
  // In a sentence a command may be named without what it is about.
  return given.length > most ? `${line}: too many arguments` : null;
}
