/** `npm run stack`: the whole of Granary as separate processes on this machine, until Ctrl-C. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Faulty } from "@granary/domain";
import type { AccountConfig } from "@granary/runtime";
import { openLogger, run } from "@granary/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { accountVariables, secretNames, stackAccounts } from "./accountVariables.ts";
import type { Stack, StackOptions } from "./openStack.ts";
import { openStack } from "./openStack.ts";
import { superviseServices } from "./superviseServices.ts";

/** Services have 60 s to finish what they have in hand; the servers need a little more. */
const GRACE_MS = 90_000;
const WRONG_INPUT = 2;
const STORES = ["sqlite", "mongo", "mongod", "ferretdb", "secantusdb"] as const;

interface Options {
  readonly store: StackOptions["store"];
  readonly replicas: number;
  readonly folder: string;
  readonly basePort?: number;
  readonly scenario?: string;
}

const program = new Command("stack")
  .description(
    "Runs nats-server, a database, the simulator and the three services, each a process of its own.",
  )
  .addOption(new Option("--store <kind>", "where the store lies").choices(STORES).default("sqlite"))
  .option("--replicas <number>", "processes of each service", wholeNumber, 2)
  .option("--folder <folder>", "where everything is kept", ".granary/stack")
  .option("--base-port <port>", "first of the ports that are taken (default: any free ones)", wholeNumber)
  .option("--scenario <file>", "what the simulated providers do (JSON)")
  .addHelpText(
    "after",
    `
Every provider is simulated, unless GRANARY_OPENAI_MODE, GRANARY_GEMINI_MODE or GRANARY_ANTHROPIC_MODE says otherwise:
  GRANARY_OPENAI_MODE=live OPENAI_API_KEY=… npm run stack     OpenAI itself beside simulated others`,
  )
  .action(stack);

await program.parseAsync();

async function stack({ store, replicas, folder, basePort, scenario }: Options): Promise<void> {
  const given = accountVariables(process.env);
  const accounts = checkedAccounts(given);
  const log = openLogger({ level: "warn", secrets: accounts.map(({ apiKey }) => apiKey) });
  const ended = await run(
    { log: { info: () => {}, error: log.error.bind(log) }, graceMs: GRACE_MS },
    async (stop) => {
      await using opened = await openStack({
        folder,
        store,
        replicas,
        ...(basePort === undefined ? {} : { basePort }),
        ...(scenario === undefined ? {} : { scenarioFile: resolve(scenario) }),
        env: given,
        tell: (line) => say(`starting ${line}`),
      });
      const file = join(folder, "env.sh");
      await mkdir(folder, { recursive: true });
      await writeFile(file, envText(opened, secretNames(given)), { mode: 0o600 });
      announce(opened, accounts, file);
      await superviseServices(opened.services, say, stop);
      say("stopping");
    },
  );
  if (ended) say("stopped");
  process.exit();
}

function say(line: string): void {
  console.log(line);
}

/** Before anything is started. */
function checkedAccounts(given: Readonly<Record<string, string>>): readonly AccountConfig[] {
  try {
    return stackAccounts(given);
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    console.error(`stack: ${error.message}`);
    process.exit(WRONG_INPUT);
  }
}

function announce(
  { nats, storeName, database, simulator, services, folder }: Stack,
  accounts: readonly AccountConfig[],
  file: string,
): void {
  say("");
  say(`nats-server ${nats.version} (${nats.from})  ${nats.url}`);
  say(
    `store       ${storeName}${database ? ` (${database.from})  ${database.uri}` : `  ${join(folder, "granary.db")}`}`,
  );
  say(`simulator   ${simulator.url}`);
  for (const { settings, baseUrl } of accounts)
    say(`account     ${settings.id}: ${settings.mode}${settings.mode === "live" ? at(baseUrl) : ""}`);
  for (const { name, pid, url, logPath } of services)
    say(`${name.padEnd(12)}process ${pid}  ${url}/readyz  ${logPath}`);
  say("");
  say("It is up; Ctrl-C stops it. From another terminal:");
  say(`  . ${file}`);
  say("  npx granary submit examples/workload.jsonl");
}

function at(baseUrl: string | null): string {
  return baseUrl === null ? ", at the provider" : ` at ${baseUrl}`;
}

/** For `.` in a shell: the commands then work on this stack. Providers' keys are not written down. */
function envText({ serviceEnv }: Stack, secret: readonly string[]): string {
  const told = Object.entries(serviceEnv).filter(([name]) => !secret.includes(name));
  return [
    ...told.map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`),
    ...secret.map((name) => `[ -n "\${${name}:-}" ] || echo 'set ${name}, too: its account is live' >&2\n`),
  ].join("");
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It is no whole number from 1.");
  return Number(text);
}
