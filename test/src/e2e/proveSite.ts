import type { Report } from "@granary/checker";
import type { LedgerCreate } from "@granary/simulator";
import { readLedger } from "@granary/simulator";
import type { Site } from "./site.ts";

/** What the checker and the provider's own books say about a site where nobody is at work. */
export interface SiteProof {
  /** Each finding in a sentence. */
  readonly findings: readonly string[];
  /** Rules of which something could not be looked at. */
  readonly unproven: readonly string[];
  readonly report: Report;
  readonly creates: readonly LedgerCreate[];
  /** Tags under which more than one job was created. */
  readonly createdTwice: readonly string[];
}

/** Runs `granary verify` and reads the ledger. Nobody works on the site, or has anything left to do. */
export async function proveSite(site: Pick<Site, "granary" | "simulatorFolder">): Promise<SiteProof> {
  const { code, stdout, stderr } = await site.granary("verify", "--json");
  const report = parsed(stdout, stderr);
  const findings = report.findings.map(({ rule, id, message }) => `${rule} ${id}: ${message}`);
  if (code !== (findings.length === 0 ? 0 : 1)) findings.push(`granary verify ended with ${code}: ${stderr}`);
  const unproven = report.proved.filter(({ skipped }) => skipped !== undefined).map(({ rule }) => rule);
  const ledger = await readLedger(site.simulatorFolder);
  const creates = ledger.filter((entry) => entry.kind === "create");
  const byTag = Map.groupBy(creates, ({ tag }) => tag ?? "none");
  const createdTwice = [...byTag].filter(([, jobs]) => jobs.length > 1).map(([tag]) => tag);
  return { findings, unproven, report, creates, createdTwice };
}

function parsed(stdout: string, stderr: string): Report {
  try {
    const answer = JSON.parse(stdout) as Partial<Report>;
    if (answer.findings) return answer as Report;
  } catch (error) {
    throw new Error(`granary verify answered no report: ${stdout}${stderr}`, { cause: error });
  }
  throw new Error(`granary verify answered no report: ${stdout}${stderr}`);
}
