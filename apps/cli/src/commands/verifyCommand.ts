import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Finding, LedgerCreate, Report } from "@granary/checker";
import { outputValidator } from "@granary/providers";
import type { GranaryConfig } from "@granary/runtime";
import { withSimulator } from "@granary/runtime";
import type { LedgerEntry } from "@granary/simulator";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { catalogueOf } from "@granary/host";
import { startSimulator } from "../stack/startSimulator.ts";
import { count } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface VerifyOptions extends CommonOptions {
  readonly source: string;
}

/** `granary verify`: the checker, over store, artifacts, facts, the providers' jobs and the simulator's ledger. */
export function verifyCommand(): Command {
  return describedCommand("verify", "prove that every item ended once and nothing was paid twice", [
    ["granary verify", "everything"],
    ["granary verify items-1a2b3c4d5e6f", "one request, with the tasks that carried it"],
    ["granary verify --json | jq '.findings'", "what is wrong, with ids"],
  ])
    .argument("[request]", "a request's id (default: all)")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .action(ending(check));
}

async function check(name: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const out = terminal(options);
  await using opened = new AsyncDisposableStack();
  const workspace = opened.use(await openGranary(options));
  const request = name === undefined ? null : await findRequest(workspace, name, options.source);
  const quiet = (await workspace.atWork()).kind === "nobody";
  let { config } = workspace;
  if (isSimulated(config) && config.simulator.url === null && existsSync(ledgerFolder(config))) {
    // The provider is there also while nobody works: its jobs are listed as a live account's would be.
    const simulator = opened.use(await startSimulator({ folder: config.simulator.folder }));
    config = withSimulator(config, simulator.url);
  }
  const { accounts, prices } = catalogueOf(config);
  const reachable = [...accounts].map(([id, account]) => {
    const { settings, dialect, provider } = account;
    const reached = settings.mode === "live" || config.simulator.url !== null;
    return [id, reached ? { dialect, provider } : { dialect }] as const;
  });
  const ledger = await readCreates(config);
  const facts = workspace.facts();
  const { verify } = await import("@granary/checker");
  const report = await verify(
    {
      store: workspace.store,
      artifacts: workspace.artifacts,
      instance: workspace.deps.instance,
      accounts: new Map(reachable),
      prices,
      outputValidator,
      ...(facts ? { facts } : {}),
      ...(ledger ? { ledger } : {}),
    },
    { quiet, ...(request ? { requests: [request.id] } : {}) },
  );
  if (out.json) out.document(report);
  else show(out, report);
  return report.findings.length > 0 ? EXIT.failed : EXIT.fine;
}

function isSimulated({ accounts }: GranaryConfig): boolean {
  return accounts.some(({ settings }) => settings.mode === "simulated");
}

function ledgerFolder({ simulator }: GranaryConfig): string {
  return join(simulator.folder, "lock.db");
}

/** The creates in the simulator's ledger: from its folder, or where it runs elsewhere by asking it. Null without one. */
async function readCreates(config: GranaryConfig): Promise<readonly LedgerCreate[] | null> {
  if (!isSimulated(config)) return null;
  if (existsSync(ledgerFolder(config))) {
    // Loaded here, so that no other command waits for a server it does not need.
    const { readLedger } = await import("@granary/simulator");
    return creates(await readLedger(config.simulator.folder));
  }
  if (config.simulator.url === null) return null;
  const url = `${config.simulator.url}/ledger`;
  try {
    const text = await (await fetch(url)).text();
    return creates(
      text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LedgerEntry])),
    );
  } catch (error) {
    throw new Failure(EXIT.unavailable, `the simulator's ledger at ${url} cannot be read`, [], {
      cause: error,
    });
  }
}

function creates(entries: readonly LedgerEntry[]): readonly LedgerCreate[] {
  return entries.filter((entry) => entry.kind === "create");
}

function show(out: Terminal, { checked, open, findings, proved }: Report): void {
  out.table(
    ["rule", "what it says", "checked", "findings"],
    proved.map(({ rule, title, checked: number, findings: found, skipped }) => [
      rule,
      skipped ? `${title} (not proven: ${skipped})` : title,
      count(number),
      found === 0 ? "0" : `${count(found)} ✗`,
    ]),
  );
  for (const finding of findings)
    out.line(`${finding.rule} ${finding.id}: ${finding.message}${idsText(finding)}`);
  const total = proved.reduce((sum, proof) => sum + proof.findings, 0);
  const looked = `${count(checked.requests)} requests, ${count(checked.outcomes)} outcomes, ${count(checked.tasks)} tasks, ${count(checked.artifacts)} artifacts, ${count(checked.facts)} facts, ${count(checked.jobs)} provider jobs`;
  out.line(`${total === 0 ? "nothing is wrong" : `${count(total)} findings`}: ${looked}`);
  if (open.requests + open.tasks > 0)
    out.note(`still open: ${count(open.requests)} requests, ${count(open.tasks)} tasks`);
}

function idsText({ rule: _rule, id: _id, message: _message, ...ids }: Finding): string {
  const named = Object.entries(ids).map(([name, value]) => `${name} ${value}`);
  return named.length === 0 ? "" : ` (${named.join(", ")})`;
}
