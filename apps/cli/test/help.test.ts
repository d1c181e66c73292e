import { describe, expect, test } from "vitest";
import { program } from "../src/program.ts";

function helpOf(...names: readonly string[]): string {
  let text = "";
  const root = program();
  const command = names.reduce((at, name) => at.commands.find((sub) => sub.name() === name) ?? at, root);
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const NAMES = program().commands.map((command) => command.name());
/** Each command that does something, by its words. */
const LEAVES = program().commands.flatMap((command) =>
  command.commands.length === 0
    ? [[command.name()]]
    : command.commands.map((sub) => [command.name(), sub.name()]),
);

describe("help", () => {
  test("knows every command an operator is promised", () => {
    const promised =
      "up plan submit watch list show results artifacts cost cancel retry poll harvest verify doctor smoke providers simulator jobs unknown dlq purge migrate completion complete";
    expect(NAMES.toSorted()).toEqual(promised.split(" ").toSorted());
  });

  test.each(LEAVES)("of %s %s has examples and --json", (...names) => {
    const help = helpOf(...names);
    expect(help).toMatch(/\nExamples:\n {2}\$ .*granary /);
    expect(help).toContain("--json");
  });

  test("tells the exit codes", () => {
    const help = helpOf();
    for (const code of ["0", "1", "2", "3"]) expect(help).toMatch(new RegExp(`\\n {2}${code} {2}\\w`));
  });

  test("of submit and plan tells how a file is written", () => {
    for (const name of ["submit", "plan"]) expect(helpOf(name)).toContain('"each": true');
  });
});
