import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "../e2e/rig.ts";
import { readMarkdown } from "./markdown.ts";
import type { Markdown } from "./markdown.ts";

/** Links that lead nowhere: a file that is not there, or a heading that its document has not. Others' are not asked. */
export function linkFaults(document: Markdown): readonly string[] {
  return document.links.flatMap(({ text, line }) => {
    const at = `${document.file}:${line}`;
    if (/^(?:https?|mailto):/.test(text)) return [];
    const [path = "", anchor] = text.split("#");
    const target = path === "" ? document.file : normalize(join(dirname(document.file), decodeURI(path)));
    if (target.startsWith("..")) return [`${at}: ${text} leads out of the repository`];
    if (target !== document.file && !existsSync(join(ROOT, target))) return [`${at}: there is no ${target}`];
    if (anchor === undefined) return [];
    if (!target.endsWith(".md") || (target !== document.file && statSync(join(ROOT, target)).isDirectory()))
      return [`${at}: ${target} has no headings`];
    const { anchors } = target === document.file ? document : readMarkdown(target);
    return anchors.has(anchor) ? [] : [`${at}: ${target} has no heading #${anchor}`];
  });
}
