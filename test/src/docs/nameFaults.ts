import type { KnownNames } from "./knownNames.ts";
import type { Markdown } from "./markdown.ts";

/** How a fact is named in a sentence. */
const FACT = /^(?:request|task|provider)\.[a-z_]+$/;

/** Variables, metrics, rules, commands and facts that a document names and no program knows. */
export function nameFaults({ file, text, inline, blocks }: Markdown, known: KnownNames): readonly string[] {
  const lines = text.split("\n").flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    const named = (pattern: RegExp): readonly string[] =>
      [...line.matchAll(pattern)].map(([, name = ""]) => name);
    return [
      ...named(/\b(GRANARY_[A-Z0-9_]*[A-Z0-9])(?![A-Z0-9_<*])/g)
        .filter((name) => !known.variables.has(name))
        .map((name) => `${at}: nothing reads ${name}`),
      ...named(/(?<![\w-])(granary_[a-z0-9_]*[a-z0-9])(?![a-z0-9_…*<]|[./-]\w)/g)
        .filter((name) => !known.metrics.has(name))
        .map((name) => `${at}: nobody exports ${name}`),
      ...named(/(?<![\w-])(granary:[a-z0-9_]+:[a-z0-9_]+(?:<\w+>)?)/g)
        .filter((name) => !isRecorded(name, known))
        .map((name) => `${at}: no rule records ${name}`),
      ...named(/\bgranary\.v1\.((?:command|fact)\.[a-z_.]*[a-z_])/g)
        .filter((name) => !isSubject(name, known))
        .map((name) => `${at}: there is no granary.v1.${name}`),
    ];
  });
  const drawn = blocks
    .filter(({ language }) => language === "mermaid")
    .flatMap((block) => block.lines)
    .flatMap(({ text: said, line }) =>
      (said.match(/\b(?:request|task|provider)\.[a-z_]+/g) ?? []).map((name) => ({ text: name, line })),
    );
  const facts = [...inline.filter(({ text: code }) => FACT.test(code)), ...drawn]
    .filter(({ text: name }) => !known.facts.has(name))
    .map(({ text: name, line }) => `${file}:${line}: there is no fact ${name}`);
  return [...lines, ...facts];
}

/** A window may be left open, as in `…ratio_rate<window>`. */
function isRecorded(name: string, { metrics }: KnownNames): boolean {
  const [fixed = "", open] = name.split("<");
  return open === undefined ? metrics.has(name) : [...metrics].some((one) => one.startsWith(fixed));
}

function isSubject(name: string, { commands, facts }: KnownNames): boolean {
  const [kind = "", ...rest] = name.split(".");
  return (kind === "command" ? commands : facts).has(rest.join("."));
}
