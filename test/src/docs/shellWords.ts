/** A simple command of a shell line: its words, without what it is set, fed with or written to. */
export type ShellCommand = readonly string[];

/**
 * The commands of a line of shell, split at pipes and the like. No shell: quotes are taken off, and what a substitution
 * yields is not known. Comments, redirections and settings before a command are left out.
 */
export function shellCommands(line: string): readonly ShellCommand[] {
  const commands: string[][] = [[]];
  let takesNext = false;
  for (const token of tokens(line)) {
    if (token.startsWith("#")) break;
    const words = commands.at(-1) ?? [];
    if (/^(?:\||\|\||&&|;|&)$/.test(token)) commands.push([]);
    else if (takesNext) takesNext = false;
    else if (/^\d*(?:>>?|<)$/.test(token)) takesNext = true;
    else if (/^\d*(?:>>?|<)./.test(token)) continue;
    else if (words.length === 0 && /^[A-Z_][A-Z0-9_]*=/.test(token)) continue;
    else words.push(unquoted(token));
  }
  return commands.filter((words) => words.length > 0);
}

function tokens(line: string): readonly string[] {
  return (
    line.match(
      /\|\||&&|[|;&](?=\s|$)|(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|\\.|[^\s"';|&\\]|[|;&](?!\s|$))+/g,
    ) ?? []
  );
}

function unquoted(token: string): string {
  return token.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_whole, double?: string, single?: string) =>
    double === undefined ? (single ?? "") : double,
  );
}
