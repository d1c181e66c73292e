/** What a PromQL expression asks for. It is read by its tokens: whether it is right in all is promtool's to say. */

/** A selector of series, with what it demands of their labels. */
export interface Selector {
  /** Null where only `__name__` says it. */
  readonly name: string | null;
  readonly matchers: readonly Matcher[];
}

/** A demand on one label. */
export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}

/** The metrics and labels of an expression. */
export interface Promql {
  readonly selectors: readonly Selector[];
  /** Labels that are grouped or joined by. */
  readonly labels: readonly string[];
}

const TOKEN =
  /\s+|#[^\n]*|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<range>\[[^\]]*\])|(?<number>\d[\w.]*)|(?<word>[a-zA-Z_:][\w:]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},@])/y;
const LISTS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const WORDS = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan"]);

interface Token {
  readonly kind: "text" | "range" | "number" | "word" | "sign";
  readonly text: string;
}

/** Reads an expression. @throws Error at what is no PromQL, with the place */
export function readPromql(expr: string): Promql {
  const tokens = tokensOf(expr);
  const selectors: Selector[] = [];
  const labels: string[] = [];
  let at = 0;
  const next = (): string => tokens[at]?.text ?? "";
  while (at < tokens.length) {
    const { kind, text } = tokens[at]!;
    at += 1;
    if (text === "{") selectors.push({ name: null, matchers: matchers() });
    if (kind !== "word" || WORDS.has(text.toLowerCase())) continue;
    if (LISTS.has(text)) {
      if (next() !== "(") continue;
      at += 1;
      while (next() !== ")") if (tokens[at++]?.kind === "word") labels.push(tokens[at - 1]!.text);
      at += 1;
    } else if (next() === "{") {
      at += 1;
      selectors.push({ name: text, matchers: matchers() });
    } else if (next() !== "(" && !LISTS.has(next())) selectors.push({ name: text, matchers: [] });
  }
  return { selectors, labels };

  function matchers(): readonly Matcher[] {
    const found: Matcher[] = [];
    while (next() !== "}") {
      if (at + 3 > tokens.length) throw new Error(`a selector has no end: ${expr}`);
      const [label, op, value] = tokens.slice(at, at + 3).map(({ text }) => text);
      found.push({ label: label!, op: op!, value: value!.slice(1, -1) });
      at += 3;
      if (next() === ",") at += 1;
    }
    at += 1;
    return found;
  }
}

function tokensOf(expr: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expr.length) {
    const place = TOKEN.lastIndex;
    const groups = TOKEN.exec(expr)?.groups;
    if (!groups) throw new Error(`no PromQL at ${place}: ${expr.slice(place, place + 40)}`);
    for (const kind of ["text", "range", "number", "word", "sign"] as const)
      if (groups[kind] !== undefined) tokens.push({ kind, text: groups[kind] });
  }
  return tokens;
}
