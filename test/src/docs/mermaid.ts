import type { CodeBlock, Placed } from "./markdown.ts";

const ID = String.raw`[A-Za-z_][\w-]*`;
const NODE = String.raw`${ID}(?:\[\([^()[\]]*\)\]|\[[^()[\]]*\]|\([^()[\]]*\))?`;
const NODES = String.raw`${NODE}(?: & ${NODE})*`;
const LINK = String.raw`(?:<?-->|---|-\.->|-\. [^.]+ \.->|-- (?:"[^"]*"|[^"-]+) -->)`;
const STATE = String.raw`(?:\[\*\]|[A-Za-z]\w*)`;
const COUNT = String.raw`(?:\|\||\|o|\}o|\}\||o\||o\{|\|\{)`;

/**
 * The forms a line of each type may have: those that this project writes, and no others. In what is said in a sequence a
 * semicolon would end the line, and a hash begin a character's name.
 */
const FORMS: Readonly<Record<string, readonly RegExp[]>> = {
  flowchart: [
    new RegExp(`^flowchart (?:LR|RL|TB|TD|BT)$`),
    new RegExp(`^${NODES}(?: ${LINK} ${NODES})*$`),
    /^subgraph [\w-]+(?:\[.*\])?$/,
    /^end$/,
  ],
  sequenceDiagram: [
    /^sequenceDiagram$/,
    /^(?:participant|actor) \w+(?: as .+)?$/,
    /^\w+(?:->>|-->>|->|-->|-x|--x|-\)|--\))[+-]?\w+: \S[^;#]*$/,
    /^Note (?:over|left of|right of) \w+(?:,\w+)?: \S[^;#]*$/,
    /^(?:loop|alt|opt|par|critical|break|rect) \S.*$/,
    /^(?:else|and|option)(?: \S.*)?$/,
    /^end$/,
    /^(?:autonumber|activate \w+|deactivate \w+)$/,
  ],
  "stateDiagram-v2": [
    /^stateDiagram-v2$/,
    /^direction (?:LR|TB)$/,
    new RegExp(`^${STATE} --> ${STATE}(?: : \\S.*)?$`),
  ],
  erDiagram: [
    /^erDiagram$/,
    new RegExp(`^\\w+ ${COUNT}--${COUNT} \\w+ : (?:\\w+|"[^"]+")$`),
    /^\w+ \{$/,
    /^\w+ \w+(?: (?:PK|FK|UK)(?:, ?(?:PK|FK|UK))*)?(?: "[^"]*")?$/,
    /^\}$/,
  ],
};

/** The lines of a diagram, without comments and blanks. */
export function diagramLines({ lines }: CodeBlock): readonly Placed[] {
  return lines
    .map(({ text, line }) => ({ text: text.trim(), line }))
    .filter(({ text }) => text !== "" && !text.startsWith("%%"));
}

/** What would keep a diagram from being drawn: its type, a line of no known form, or a block that is left open. */
export function diagramFaults(file: string, block: CodeBlock): readonly string[] {
  const lines = diagramLines(block);
  const type = lines[0]?.text.split(" ", 1)[0] ?? "";
  const forms = FORMS[type];
  if (!forms) return [`${file}:${block.line}: ${type || "nothing"} is no type of diagram that is known here`];
  return [
    ...lines
      .filter(({ text }) => !forms.some((form) => form.test(text)))
      .map(({ text, line }) => `${file}:${line}: no line of a ${type}: ${text}`),
    ...balanceFaults(file, lines),
    ...(type === "sequenceDiagram" ? strangerFaults(file, lines) : []),
  ];
}

function balanceFaults(file: string, lines: readonly Placed[]): readonly string[] {
  const open: Placed[] = [];
  const faults: string[] = [];
  for (const place of lines) {
    if (/^(?:loop|alt|opt|par|critical|break|rect|subgraph)\b|\{$/.test(place.text)) open.push(place);
    else if (/^(?:end|\})$/.test(place.text) && !open.pop())
      faults.push(`${file}:${place.line}: nothing is open that could end here`);
    else if (
      /^(?:else|and|option)\b/.test(place.text) &&
      !/^(?:alt|par|critical)\b/.test(open.at(-1)?.text ?? "")
    )
      faults.push(`${file}:${place.line}: ${place.text} is in no block of its kind`);
  }
  return [...faults, ...open.map(({ text, line }) => `${file}:${line}: ${text} is never ended`)];
}

/** Who speaks has to be introduced. */
function strangerFaults(file: string, lines: readonly Placed[]): readonly string[] {
  const known = new Set(lines.flatMap(({ text }) => /^(?:participant|actor) (\w+)/.exec(text)?.[1] ?? []));
  return lines.flatMap(({ text, line }) => {
    const [, from, to] = /^(\w+?)(?:->>|-->>|->|-->|-x|--x|-\)|--\))[+-]?(\w+):/.exec(text) ?? [];
    return [from, to]
      .filter((name) => name !== undefined && !known.has(name))
      .map((name) => `${file}:${line}: ${name} is no participant`);
  });
}
