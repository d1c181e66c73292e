import { globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { callFaults } from "../src/docs/callFaults.ts";
import { granaryCallFault } from "../src/docs/granaryCalls.ts";
import { knownNames } from "../src/docs/knownNames.ts";
import { linkFaults } from "../src/docs/linkFaults.ts";
import { parseMarkdown, readMarkdown } from "../src/docs/markdown.ts";
import { diagramFaults } from "../src/docs/mermaid.ts";
import { nameFaults } from "../src/docs/nameFaults.ts";
import { shellCommands } from "../src/docs/shellWords.ts";
import { ROOT } from "../src/e2e/rig.ts";

const FILES = [
  "*.md",
  "docs/**/*.md",
  "deploy/**/*.md",
  "examples/**/*.md",
  "test/*.md",
  "bench/*.md",
  "{apps,libs,services}/*/*.md",
];

/** Pages made of tables that a test of their own holds to the program. */
const GENERATED = new Set(["docs/configuration.md"]);

const documents = globSync(FILES, { cwd: ROOT }).toSorted().map(readMarkdown);
const known = await knownNames();

const fault = (line: string, complete = true) => granaryCallFault(line.split(" "), { complete });

const blockOf = (...lines: readonly string[]) =>
  parseMarkdown("x.md", ["```mermaid", ...lines, "```"].join("\n")).blocks[0]!;

describe("the documents", () => {
  test("are all looked at", () => {
    expect(documents.map(({ file }) => file)).toEqual(
      expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/architecture.md", "examples/README.md"]),
    );
    expect(documents.length).toBeGreaterThan(40);
  });

  test("link to files and headings that are there", () => {
    expect(documents.flatMap(linkFaults)).toEqual([]);
  });

  test("show commands, scripts and paths that are there", () => {
    expect(documents.flatMap(callFaults)).toEqual([]);
  });

  test("name variables, metrics, rules, subjects and facts that are there", () => {
    const written = documents.filter(({ file }) => !GENERATED.has(file));
    expect(written.flatMap((document) => nameFaults(document, known))).toEqual([]);
  });

  test("draw diagrams whose every line has a known form", () => {
    const diagrams = documents.flatMap(({ file, blocks }) =>
      blocks.filter(({ language }) => language === "mermaid").map((block) => ({ file, block })),
    );
    expect(diagrams.length).toBeGreaterThan(5);
    expect(diagrams.flatMap(({ file, block }) => diagramFaults(file, block))).toEqual([]);
  });
});

describe("what is wrong in a document is found", () => {
  test("in its links", () => {
    const text = [
      "# A `b` c",
      "[one](#a-b-c) [two](#nowhere) [three](docs/nowhere.md)",
      "`[no](link)` ![picture](README.md#granary) [four](README.md#nowhere)",
      "```sh",
      "[no](link)",
      "```",
    ].join("\n");
    expect(linkFaults(parseMarkdown("x.md", text))).toEqual([
      "x.md:2: x.md has no heading #nowhere",
      "x.md:2: there is no docs/nowhere.md",
      "x.md:3: README.md has no heading #nowhere",
    ]);
  });

  test("in its commands, with the line", () => {
    const text = [
      "Say `granary shwo X`, or `granary list` and `npm run nothing`; see `libs/nowhere/src`.",
      "",
      "    npx granary show           # a comment",
      "    npx granary submit a.jsonl \\",
      "      --modle gpt-4o-mini",
      "    kubectl -n granary exec deploy/granary-submitter -- granary verify --jsno | jq .",
      "    A=1 granary results REQUEST --status failed > out.jsonl",
    ].join("\n");
    expect(callFaults(parseMarkdown("x.md", text))).toEqual([
      "x.md:3: npx granary show: granary show takes at least 1 arguments, not 0",
      "x.md:4: npx granary submit a.jsonl --modle gpt-4o-mini: granary submit has no option --modle",
      expect.stringMatching(/^x\.md:6: .*granary verify has no option --jsno$/),
      "x.md:1: granary shwo X: granary has no command shwo",
      "x.md:1: npm run nothing: there is no such script",
      "x.md:1: there is no libs/nowhere/src",
    ]);
  });

  test("in its names", () => {
    // Put together here: what stands in a source is known.
    const unknown = ["GRANARY", "NOTHING"].join("_");
    const text = `${unknown}, GRANARY_CONFIG, GRANARY_<PROVIDER>_MODE; granary_nothing_total, granary_store_up;\n\`granary.v1.command.nothing\`, granary.v1.fact.task.ended; \`task.nothing\`, \`task.ended\`; granary:no:thing\n\`\`\`mermaid\nA->>B: task.ended, request.nothing\n\`\`\``;
    expect(nameFaults(parseMarkdown("x.md", text), known)).toEqual([
      `x.md:1: nothing reads ${unknown}`,
      "x.md:1: nobody exports granary_nothing_total",
      "x.md:2: no rule records granary:no:thing",
      "x.md:2: there is no granary.v1.command.nothing",
      "x.md:2: there is no fact task.nothing",
      "x.md:4: there is no fact request.nothing",
    ]);
  });

  test("in its diagrams", () => {
    expect(diagramFaults("x.md", blockOf("graf LR", "a --> b"))).toEqual([
      "x.md:1: graf is no type of diagram that is known here",
    ]);
    expect(diagramFaults("x.md", blockOf("flowchart LR", "a[b --> c", "a -- x --> b & c"))).toEqual([
      "x.md:3: no line of a flowchart: a[b --> c",
    ]);
    expect(
      diagramFaults(
        "x.md",
        blockOf("sequenceDiagram", "participant A", "loop it", "A->>B: x", "else y", "A->>A x"),
      ),
    ).toEqual([
      "x.md:7: no line of a sequenceDiagram: A->>A x",
      "x.md:6: else y is in no block of its kind",
      "x.md:4: loop it is never ended",
      "x.md:5: B is no participant",
    ]);
    expect(diagramFaults("x.md", blockOf("erDiagram", "a ||--o{ b : has", "a {", "string id PK"))).toEqual([
      "x.md:4: a { is never ended",
    ]);
  });

  test("where a block of code is never closed", () => {
    expect(() => parseMarkdown("x.md", "```sh\nls")).toThrow("x.md: a block of code is never closed");
  });
});

describe("a line of shell", () => {
  test("is taken apart into commands without comments, settings and redirections", () => {
    expect(shellCommands('A=1 granary show "a b" > x 2>&1 | jq ".a | .b" && npm test # all')).toEqual([
      ["granary", "show", "a b"],
      ["jq", ".a | .b"],
      ["npm", "test"],
    ]);
  });
});

describe("a call of granary", () => {
  test("is held to its subcommands, options, choices and arguments", () => {
    expect(fault("retry REQUEST --only failed expired --reasons truncated")).toBeNull();
    expect(fault("retry REQUEST --only sometimes")).toBe("--only knows no sometimes");
    expect(fault("unknown attach TASK JOB --confirm CODE --note x")).toBeNull();
    expect(fault("unknown detach TASK")).toBe("granary unknown has no command detach");
    expect(fault("show A B C D")).toMatch(/^granary show takes at most/);
    expect(fault("show", false)).toBeNull();
    expect(fault("submit a.jsonl --model")).toBe("--model has no value");
    expect(fault("list --json=yes")).toBe("--json takes no value");
    expect(fault("--help")).toBeNull();
  });
});
