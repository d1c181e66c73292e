/** A text as Markdown that says it: what stands between backticks is left as it is, but for what ends a cell. */
export function inMarkdown(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll(/[<>*_[\]]/g, String.raw`\$&`)))
    .join("")
    .replaceAll("|", String.raw`\|`);
}
