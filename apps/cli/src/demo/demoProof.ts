import { RULES, verify } from "@granary/checker";
import type { Report, Rule } from "@granary/checker";
import { readJournal } from "@granary/messaging";
import { outputValidator } from "@granary/providers";
import { readLedger } from "@granary/simulator";
import type { LedgerEntry } from "@granary/simulator";
import type { EmbeddedWorkspace } from "../stack/openWorkspace.ts";
import { count } from "../terminal/format.ts";

/** What the checker found, and the ledger it was held against. */
export interface DemoProof {
  readonly report: Report;
  readonly ledger: readonly LedgerEntry[];
}

/** Checks everything while nobody else is at work any more. */
export async function proveDemo({
  config,
  store,
  artifacts,
  catalogue,
  deps,
}: EmbeddedWorkspace): Promise<DemoProof> {
  const ledger = await readLedger(config.simulator.folder);
  const report = await verify(
    {
      store,
      artifacts,
      instance: deps.instance,
      accounts: catalogue.accounts,
      prices: catalogue.prices,
      outputValidator,
      facts: readJournal(config.journal),
      ledger: ledger.filter((entry) => entry.kind === "create"),
    },
    { quiet: true },
  );
  return { report, ledger };
}

/** Whether the checker found nothing, and nothing was left open. */
export function isProved({ findings, open }: Report): boolean {
  return findings.length === 0 && open.requests === 0 && open.tasks === 0;
}

/** What was proved and what was found, as lines of text. */
export function proofText(report: Report): string {
  const { checked, proved, findings, open } = report;
  const width = Math.max(...proved.map((proof) => count(proof.checked).length));
  const lines = proved.map(({ rule, title, checked: times, findings: found, skipped }) => {
    const verdict = found > 0 ? `${count(found)} FOUND` : skipped === undefined ? "ok" : "partly";
    return `  ${rule.padEnd(3)} ${verdict.padEnd(7)} ${count(times).padStart(width)} × ${title}${skipped === undefined ? "" : ` (${skipped})`}`;
  });
  return [
    `The checker looked at ${count(checked.requests)} requests, ${count(checked.tasks)} tasks, ${count(checked.outcomes)} outcomes, ${count(checked.artifacts)} artifacts, ${count(checked.facts)} facts and ${count(checked.jobs)} jobs:`,
    ...lines,
    ...findings.map(({ rule, id, message }) => `  ${ruleName(rule)}: ${id}: ${message}`),
    ...(open.requests + open.tasks > 0
      ? [`  ${open.requests} requests and ${open.tasks} tasks have not ended`]
      : []),
    findings.length === 0
      ? "  It found nothing wrong."
      : `  It found ${count(findings.length)} things wrong.`,
  ].join("\n");
}

function ruleName(rule: Rule): string {
  return `${rule} (${RULES[rule]})`;
}
