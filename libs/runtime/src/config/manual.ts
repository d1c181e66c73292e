import type { EnvironmentVariable, Reader } from "./environmentTable.ts";
import { ENVIRONMENT } from "./environmentTable.ts";
import { fileFields } from "./fileFields.ts";

const READERS: Readonly<Record<Reader, string>> = {
  service: "services",
  embedded: "`granary up`",
  cli: "commands",
};

/** An example of the file, which the tests read. */
export const EXAMPLE_FILE = `accounts:
  - provider: openai
    name: eu
    mode: live
    keyFile: /run/secrets/openai-eu
    durations: { poll: 1m, jobTimeout: 26h }
    limits: { jobs: 50, dailyUsd: 200 }
models:
  openai: [gpt-next]
prices:
  - { provider: openai, model: gpt-next, input: 1.25, cachedInput: 0.125, output: 10, asOf: 2026-01-05 }
sources:
  billing: { dailyUsd: 50, maxBacklog: 100000 }
`;

/** The text of `.env.example`: every variable with its meaning, none with a value. */
export function environmentExample(): string {
  const head = [
    "# Every variable that Granary reads; what is empty counts as unset. docs/configuration.md has more.",
    "# Written by tools/generate-config-docs.ts from the table that the program reads by.",
  ];
  return `${[...head, ...ENVIRONMENT.flatMap(exampleLines)].join("\n")}\n`;
}

function exampleLines({
  name,
  meaning,
  secret,
  readers,
  default: usual,
}: EnvironmentVariable): readonly string[] {
  const more = [
    ...(usual === null ? [] : [`default: ${usual}`]),
    ...(secret ? [`secret: may lie in a file instead, ${name}_FILE=<path>`] : []),
    ...(readers.length < 3 ? [`read by: ${readersOf(readers).replaceAll("`", "")}`] : []),
  ];
  return ["", `# ${meaning}`, ...more.map((line) => `#   ${line}`), `${name}=`];
}

/** The text of the manual's page on configuration. */
export function configurationManual(): string {
  return `# Configuration

Written by \`tools/generate-config-docs.ts\` from the table and the schema that the program reads by. All faults are told
at once, each with its place; no secret is ever shown in one.

## Environment

What is empty counts as unset. Durations are written \`500ms\`, \`30s\`, \`5m\`, \`26h\`, \`2d\`. A variable marked as secret
may lie in a mounted file instead: \`<NAME>_FILE\` is the path of that file. \`.env.example\` has all of them to be filled in.

${table(
  ["Variable", "Meaning", "Default", "Read by"],
  ENVIRONMENT.map(({ name, meaning, secret, readers, default: usual }) => [
    `\`${name}\`${secret ? " (secret)" : ""}`,
    meaning,
    usual ?? "",
    readersOf(readers),
  ]),
)}

A service demands \`NATS_URL\`, one of \`MONGODB_URI\` and \`GRANARY_SQLITE\`, and an account: a provider's mode, or accounts in
the file. \`granary up\` and the commands demand nothing. A key alone never makes an account live: its mode does.

## The file

\`GRANARY_CONFIG\` names a YAML file. Keys never stand in it; it says where they are.

\`\`\`yaml
${EXAMPLE_FILE}\`\`\`

${table(
  ["Field", "Form", "Meaning", "Default"],
  fileFields().map(({ path, form, meaning, default: usual }) => [`\`${path}\``, form, meaning, usual]),
)}

Pace comes from the profile, then from the environment, then from the account's own fields. Several accounts, endpoints
that speak OpenAI's language and the exchange of keys: [accounts.md](accounts.md).

## In a running process

The file and every mounted secret are looked at again every few seconds, by their content. Where one changed, all of it
is read and checked anew, and takes force whole or not at all: keys, headers, prices, models, budgets, limits, sources
and pace. What is faulty is told in the log with all faults, and the old stays in force. Store, NATS, artifacts,
simulator, instance, the address of the probes, grace and log level, and of the accounts which there are, their mode,
base URL, organization, project, wire and lease, cannot change while a process runs: the log says so, and a restart takes them.
`;
}

function readersOf(readers: readonly Reader[]): string {
  return readers.map((reader) => READERS[reader]).join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(tableLine).join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
