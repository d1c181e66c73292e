import type { DecodedLine, Dialect } from "@granary/domain";

/** The first lines of a task, and then each so-manieth, are looked at for unknown fields: enough to meet what is new. */
const FIRST_LINES = 100;
const EACH = 1_000;

/** What of a task's lines nobody here knows. */
export interface LineDrift {
  /** Takes note of a line, as it came and as it was read. */
  see(text: string | null, line: DecodedLine): void;
  /** Names, each with how often it was seen among the lines looked at. */
  names(): ReadonlyMap<string, number>;
}

/** Looks at a sample of lines for fields that are not known, and at every line for whether it could be read at all. */
export function lineDrift(dialect: Pick<Dialect, "drift">): LineDrift {
  const names = new Map<string, number>();
  let lines = 0;
  const count = (name: string): void => void names.set(name, (names.get(name) ?? 0) + 1);
  return {
    see(text, line) {
      lines += 1;
      if (line.type === "unparseable") count(`unparseable.${placeOf(line.message)}`);
      if (text !== null && (lines <= FIRST_LINES || lines % EACH === 0))
        for (const name of dialect.drift(text)) count(name);
    },
    names: () => names,
  };
}

/** The path at which a line does not fit, without the numbers of elements; `line` where it fits nowhere. */
function placeOf(message: string): string {
  const [path = ""] = message.split(":", 1);
  return /^[\w.]+$/.test(path) ? path.replaceAll(/\.\d+(?=\.|$)/g, "[]") : "line";
}
