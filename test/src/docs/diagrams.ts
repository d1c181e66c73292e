import { readMarkdown } from "./markdown.ts";
import { diagramLines } from "./mermaid.ts";

/** What arrows lead where in a state diagram: `from --> to`, and the commands at the arrow. */
export type Transitions = ReadonlyMap<string, ReadonlySet<string>>;

/** A diagram of docs/architecture.md: the first one below a heading. @throws where there is none */
export function diagramBelow(heading: string): readonly string[] {
  const { text, blocks } = readMarkdown("docs/architecture.md");
  const at = text.split("\n").indexOf(heading) + 1;
  const block = blocks.find(({ language, line }) => at > 0 && line > at && language === "mermaid");
  if (!block) throw new Error(`docs/architecture.md has no diagram below ${heading}`);
  return diagramLines(block).map(({ text: line }) => line);
}

/** The arrows of a state diagram, without those from and to its ends. */
export function drawnTransitions(lines: readonly string[]): Transitions {
  return new Map(
    lines.flatMap((line) => {
      const [, from, to, commands = ""] = /^(\w+) --> (\w+) : (.*)$/.exec(line) ?? [];
      return from ? [[`${from} --> ${to}`, new Set(commands.split(", "))] as const] : [];
    }),
  );
}

/** Where a state diagram begins and ends. */
export function drawnEnds(lines: readonly string[]): {
  readonly first: readonly string[];
  readonly last: readonly string[];
} {
  const ends = (pattern: RegExp): readonly string[] => lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  return { first: ends(/^\[\*\] --> (\w+)$/), last: ends(/^(\w+) --> \[\*\]$/) };
}

/** The entities of an ER diagram, each with its attributes. */
export function drawnEntities(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const entities = new Map<string, string[]>();
  let open: string[] | null = null;
  for (const line of lines) {
    const [, name] = /^(\w+) \{$/.exec(line) ?? [];
    if (name) entities.set(name, (open = []));
    else if (line === "}") open = null;
    else open?.push(line.split(" ")[1] ?? "");
  }
  return entities;
}

/** Entities that the lines of relations speak of. */
export function drawnRelations(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [, from, to] = /^(\w+) \S+--\S+ (\w+) : /.exec(line) ?? [];
    return from && to ? [from, to] : [];
  });
}
