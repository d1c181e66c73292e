import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../e2e/rig.ts";
import { granaryCallFault } from "./granaryCalls.ts";
import type { CallRules } from "./granaryCalls.ts";
import type { Markdown, Placed } from "./markdown.ts";
import { shellCommands } from "./shellWords.ts";
import type { ShellCommand } from "./shellWords.ts";

const SHELL = new Set(["", "sh", "bash", "shell", "console"]);

/** Folders of the repository that a path in a document may begin with. */
const FOLDERS = /^(?:apps|bench|deploy|docs|examples|libs|services|test|tools)\//;

/** Commands of a document that nobody would take: of `granary`, of npm's scripts, and of files that are not there. */
export function callFaults(document: Markdown): readonly string[] {
  const said = document.blocks
    .filter(({ language }) => SHELL.has(language))
    .flatMap(({ lines }) => whole(lines))
    .map(({ text, line }) => ({ text: text.replace(/^\s*\$ /, ""), line, complete: true }));
  const named = document.inline.map((place) => ({ ...place, complete: false }));
  return [...said, ...named].flatMap(({ text, line, complete }) => {
    const commands = shellCommands(text);
    // From the folder that the line itself goes to, if it does.
    const [, folder = ""] = commands.find(([first]) => first === "cd") ?? [];
    return commands
      .flatMap((words) => commandFaults(document, words, { complete, folder }))
      .map((fault) => `${document.file}:${line}: ${fault}`);
  });
}

/** The lines of a block, with those that a backslash holds together as one. */
function whole(lines: readonly Placed[]): readonly Placed[] {
  const joined: Placed[] = [];
  let open = false;
  for (const { text, line } of lines) {
    const last = joined.at(-1);
    const continues = /\\\s*$/.test(text);
    const part = text.replace(/\\\s*$/, " ");
    if (open && last) joined[joined.length - 1] = { ...last, text: last.text + part };
    else joined.push({ text: part, line });
    open = continues;
  }
  return joined;
}

interface Circumstances extends CallRules {
  readonly folder: string;
}

function commandFaults(
  document: Markdown,
  words: ShellCommand,
  { complete, folder }: Circumstances,
): readonly string[] {
  const [first = "", second = "", ...rest] = words;
  // By itself, or told to another program: npx, kubectl exec, docker compose run.
  const at = words.findIndex((word, index) => word === "granary" && isRunner(words.slice(0, index)));
  const wrong = at >= 0 ? granaryCallFault(words.slice(at + 1), { complete }) : null;
  return [
    ...(wrong === null ? [] : [`${words.join(" ")}: ${wrong}`]),
    ...(first === "npm" ? npmFaults(document, second, rest) : []),
    ...pathsOf(words).flatMap((path) => pathFault(document, join(folder, path))),
  ];
}

function isRunner(words: readonly string[]): boolean {
  const line = words.join(" ");
  return (
    line === "" ||
    line === "npx" ||
    /^kubectl .*exec .*--$/.test(line) ||
    /^docker compose .*\brun\b/.test(line)
  );
}

function npmFaults(document: Markdown, verb: string, [script = ""]: readonly string[]): readonly string[] {
  const name = verb === "run" || verb === "run-script" ? script : verb === "test" ? "test" : null;
  if (name === null || !/^[\w:-]+$/.test(name)) return [];
  const manifests = [document.file, ""].map((file) => join(ROOT, dirname(file), "package.json"));
  const isThere = manifests.some((path) => existsSync(path) && name in scriptsOf(path));
  return isThere ? [] : [`npm run ${name}: there is no such script`];
}

function scriptsOf(path: string): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync(path, "utf8")) as { scripts?: Record<string, string> }).scripts ?? {};
}

/** Paths of the repository among words, without those of a cluster (`deploy/<name>`), and patterns. */
function pathsOf(words: ShellCommand): readonly string[] {
  if (words[0] === "kubectl" && !words.includes("-k") && words[1] !== "kustomize") return [];
  return words.filter((word) => FOLDERS.test(word) && !/[*<>{}…$|]|\.\.\./.test(word));
}

/** A path is told from the root, or from the document's folder or project. What a build makes is not looked for. */
function pathFault(document: Markdown, path: string): readonly string[] {
  const plain = path.replace(/[,;:.]+$/, "").replace(/(?:#.*|:\d+)$/, "");
  if (plain.includes("/dist/")) return [];
  const places = [ROOT, join(ROOT, dirname(document.file))];
  return places.some((place) => existsSync(join(place, plain))) ? [] : [`there is no ${plain}`];
}
