import { program } from "@granary/cli";

type Command = ReturnType<typeof program>;
type Option = Command["options"][number];

/** How a call is looked at: in a sentence it may be named without what it is about. */
export interface CallRules {
  readonly complete: boolean;
}

/** What is wrong with the words that follow `granary`, or null. Words in capitals are for the reader to fill in. */
export function granaryCallFault(words: readonly string[], { complete }: CallRules): string | null {
  const path: Command[] = [program()];
  const given: string[] = [];
  let command = path[0] as Command;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const sub = given.length === 0 ? subcommandOf(command, word) : undefined;
    if (sub) path.push((command = sub));
    else if (word === "--help" || word === "-h") return null;
    else if (word === "--") {
      given.push(...words.slice(at + 1));
      break;
    } else if (/^-./.test(word) && !/^-\d/.test(word)) {
      const [name = "", joined] = word.split(/=(.*)/s, 2);
      const option = optionOf(path, name);
      if (!option) return `${nameOf(path)} has no option ${name}`;
      const taken = joined === undefined ? valuesAfter(words, at, option) : [joined];
      const fault = valueFault(name, option, taken, complete);
      if (fault) return fault;
      if (joined === undefined) at += taken.length;
    } else if (/^(?:…|\.\.\.|\[.*)$/.test(word)) return null;
    else given.push(word);
  }
  return arityFault(path, given, complete);
}

function subcommandOf(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

/** An option of the command, or of those it belongs to. */
function optionOf(path: readonly Command[], name: string): Option | undefined {
  return path.flatMap(({ options }) => options).find((one) => one.long === name || one.short === name);
}

function valuesAfter(words: readonly string[], at: number, option: Option): readonly string[] {
  if (!option.required && !option.optional) return [];
  const rest = words.slice(at + 1);
  const end = rest.findIndex((word) => /^-./.test(word));
  const values = end === -1 ? rest : rest.slice(0, end);
  return option.variadic ? values : values.slice(0, 1);
}

function valueFault(
  name: string,
  option: Option,
  values: readonly string[],
  complete: boolean,
): string | null {
  if (complete && option.required && values.length === 0) return `${name} has no value`;
  if (!option.required && !option.optional && values.length > 0) return `${name} takes no value`;
  const wrong = values.find(
    (value) => option.argChoices && !/^[A-Z]+$/.test(value) && !option.argChoices.includes(value),
  );
  return wrong === undefined ? null : `${name} knows no ${wrong}`;
}

function arityFault(path: readonly Command[], given: readonly string[], complete: boolean): string | null {
  const command = path.at(-1) as Command;
  const name = nameOf(path);
  const { registeredArguments } = command;
  const least = registeredArguments.filter(({ required }) => required).length;
  const most = registeredArguments.some(({ variadic }) => variadic) ? Infinity : registeredArguments.length;
  const isGroup = command.commands.length > 0 && most === 0;
  if (isGroup && given[0] === "help") return null;
  if (isGroup && given.length > 0) return `${name} has no command ${given[0]}`;
  if (given.length > most) return `${name} takes at most ${most} arguments, not ${given.length}`;
  if (complete && given.length < least)
    return `${name} takes at least ${least} arguments, not ${given.length}`;
  for (const [index, argument] of registeredArguments.entries()) {
    const value = given[index];
    if (value !== undefined && argument.argChoices && !/^[A-Z]+$/.test(value))
      if (!argument.argChoices.includes(value)) return `${name} knows no ${value}`;
  }
  return null;
}

function nameOf(path: readonly Command[]): string {
  return path.map((command) => command.name()).join(" ");
}
