/**
 * A string that fits a regular expression, for the common part of the grammar: literals, classes, groups,
 * alternatives, quantifiers and anchors. What goes beyond (look-around, back references) gives a string that may not fit.
 */
export function patternString(pattern: string, next: () => number): string {
  let at = 0;
  const pick = (length: number) => Math.min(length - 1, Math.floor(next() * length));
  const LETTERS = "abcdefghijklmnopqrstuvwxyz";
  const DIGITS = "0123456789";
  const WORD = `${LETTERS}${LETTERS.toUpperCase()}${DIGITS}_`;
  const PRINTABLE = ` ${WORD}-.,:;!?`;

  function escaped(): string {
    const letter = pattern[at++] ?? "";
    switch (letter) {
      case "d":
        return DIGITS;
      case "w":
        return WORD;
      case "s":
        return " ";
      case "D":
      case "S":
        return LETTERS;
      case "W":
        return "-";
      case "n":
        return "\n";
      case "t":
        return "\t";
      default:
        return letter;
    }
  }

  function characterClass(): string {
    const negated = pattern[at] === "^";
    if (negated) at++;
    let members = "";
    while (at < pattern.length && pattern[at] !== "]") {
      const letter = pattern[at++] ?? "";
      if (letter === "\\") {
        members += escaped();
        continue;
      }
      if (pattern[at] === "-" && pattern[at + 1] !== "]" && at + 1 < pattern.length) {
        at++;
        const until = pattern[at++] ?? letter;
        for (let code = letter.charCodeAt(0); code <= until.charCodeAt(0); code++)
          members += String.fromCharCode(code);
        continue;
      }
      members += letter;
    }
    at++;
    return negated
      ? PRINTABLE.split("")
          .filter((letter) => !members.includes(letter))
          .join("")
      : members;
  }

  function quantified(): [number, number] {
    const sign = pattern[at];
    if (sign === "*" || sign === "+" || sign === "?") {
      at++;
      if (pattern[at] === "?") at++;
      return sign === "*" ? [0, 4] : sign === "+" ? [1, 5] : [0, 1];
    }
    const counts = /^\{(\d+)(,(\d*))?\}\??/.exec(pattern.slice(at));
    if (!counts) return [1, 1];
    at += counts[0].length;
    const least = Number(counts[1]);
    return [least, counts[2] === undefined ? least : counts[3] ? Number(counts[3]) : least + 4];
  }

  type Node = () => string;
  function sequence(): Node {
    const nodes: Node[] = [];
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") {
      const letter = pattern[at++] ?? "";
      if (letter === "^" || letter === "$") continue;
      let node: Node;
      if (letter === "(") {
        if (pattern.startsWith("?:", at)) at += 2;
        else if (pattern.startsWith("?<", at)) at = pattern.indexOf(">", at) + 1;
        node = alternatives();
        at++;
      } else {
        const members =
          letter === "["
            ? characterClass()
            : letter === "\\"
              ? escaped()
              : letter === "."
                ? PRINTABLE.slice(1)
                : letter;
        node = () => members[pick(members.length)] ?? "";
      }
      const [least, most] = quantified();
      const once = node;
      nodes.push(() => {
        let made = "";
        for (let count = least + pick(most - least + 1); count > 0; count--) made += once();
        return made;
      });
    }
    return () => nodes.map((node) => node()).join("");
  }
  function alternatives(): Node {
    const options = [sequence()];
    while (pattern[at] === "|") {
      at++;
      options.push(sequence());
    }
    return () => options[pick(options.length)]?.() ?? "";
  }
  return alternatives()();
}
