import type { Command } from "commander";
import type { Finding, Report } from "@granary/checker";
import { withSimulator } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { hasLedger, isSimulated, provenRequests } from "../provenRequests.ts";
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
  if (isSimulated(config) && config.simulator.url === null && hasLedger(config)) {
    // The provider is there also while nobody works: its jobs are listed as a live account's would be.
    const simulator = opened.use(await startSimulator({ folder: config.simulator.folder }));
    config = withSimulator(config, simulator.url);
  }
  const report = await provenRequests(workspace, {
    config,
    quiet,
    ...(request ? { requests: [request.id] } : {}),
  });
  if (out.json) out.document(report);
  else show(out, report);
  return report.findings.length > 0 ? EXIT.failed : EXIT.fine;
}

function show(out: Terminal, { checked, open, findings, proved, purging }: Report): void {
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
  if (purging !== undefined)
    out.note(`purges that were begun and are not done: ${count(purging)}; granary purge --yes finishes them`);
  if (open.requests + open.tasks > 0)
    out.note(`still open: ${count(open.requests)} requests, ${count(open.tasks)} tasks`);
}

function idsText({ rule: _rule, id: _id, message: _message, ...ids }: Finding): string {
  const named = Object.entries(ids).map(([name, value]) => `${name} ${value}`);
  return named.length === 0 ? "" : ` (${named.join(", ")})`;
}
