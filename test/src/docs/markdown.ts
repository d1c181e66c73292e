import { readFileSync } from "node:fs";
import { join } from "node:path";
import GithubSlugger from "github-slugger";
import { ROOT } from "../e2e/rig.ts";

/** Something that stands in a document, and on which line, from 1. */
export interface Placed {
  readonly text: string;
  readonly line: number;
}

/** A block of code. */
export interface CodeBlock {
  /** What its fence says it is; empty where it is only indented. */
  readonly language: string;
  readonly lines: readonly Placed[];
  readonly line: number;
}

/** A document of Markdown, as far as it is looked at. */
export interface Markdown {
  /** Its path from the root. */
  readonly file: string;
  readonly anchors: ReadonlySet<string>;
  /** What links and pictures point to. */
  readonly links: readonly Placed[];
  readonly blocks: readonly CodeBlock[];
  /** Code in sentences. */
  readonly inline: readonly Placed[];
  readonly text: string;
}

/** Reads a document below the root. @throws where there is none, or a fence is never closed */
export function readMarkdown(file: string): Markdown {
  return parseMarkdown(file, readFileSync(join(ROOT, file), "utf8"));
}

/** Takes a document apart. Its name is what faults are told with. */
export function parseMarkdown(file: string, text: string): Markdown {
  const lines = text.split("\n");
  const prose: string[] = [];
  const blocks: { language: string; lines: Placed[]; line: number }[] = [];
  const anchors = new Set<string>();
  const slugger = new GithubSlugger();
  let fence: { mark: string; block: (typeof blocks)[number] } | null = null;
  let indented: (typeof blocks)[number] | null = null;
  lines.forEach((raw, index) => {
    const line = index + 1;
    const [, mark = "", language = ""] = /^\s*(`{3,}|~{3,})\s*([\w-]*)/.exec(raw) ?? [];
    if (fence) {
      if (mark.startsWith(fence.mark) && language === "") fence = null;
      else fence.block.lines.push({ text: raw, line });
      prose.push("");
    } else if (mark) {
      const block = { language, lines: [], line };
      blocks.push(block);
      fence = { mark, block };
      prose.push("");
    } else if (/^ {4}/.test(raw) && (indented || (lines[index - 1] ?? "").trim() === "")) {
      if (!indented) blocks.push((indented = { language: "", lines: [], line }));
      indented.lines.push({ text: raw.slice(4), line });
      prose.push("");
    } else {
      if (raw.trim() !== "") indented = null;
      const [, heading] = /^#{1,6} +(.*?)\s*#*$/.exec(raw) ?? [];
      if (heading !== undefined) anchors.add(slugger.slug(plain(heading)));
      for (const [, id = ""] of raw.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
      prose.push(raw);
    }
  });
  if (fence) throw new Error(`${file}: a block of code is never closed`);
  const { inline, rest } = takeInline(prose);
  return { file, anchors, links: linksOf(rest), blocks, inline, text };
}

/** A heading as it is read: without marks and without where its links lead. */
function plain(heading: string): string {
  return heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");
}

/** Code in sentences, also over the end of a line, and the prose without it. */
function takeInline(prose: readonly string[]): {
  readonly inline: readonly Placed[];
  readonly rest: string;
} {
  const inline: Placed[] = [];
  const rest = prose.join("\n").replaceAll(/(`+)([^]*?[^`])\1(?!`)/g, (whole, _ticks, code: string, at) => {
    // An empty line ends a paragraph, and with it whatever a backtick may have begun.
    if (/\n\s*\n/.test(whole)) return whole;
    const line = prose.join("\n").slice(0, at).split("\n").length;
    inline.push({ text: code.replaceAll(/\s*\n\s*/g, " ").trim(), line });
    return "\n".repeat(whole.split("\n").length - 1);
  });
  return { inline, rest };
}

function linksOf(text: string): readonly Placed[] {
  return [...text.matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => ({
    text: match[1] ?? "",
    line: text.slice(0, match.index).split("\n").length,
  }));
}
