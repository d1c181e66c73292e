import { relative, resolve } from "node:path";
import { EXIT, Failure } from "../failure.ts";
import type { ExitCode } from "../failure.ts";
import { catalogueOf } from "@granary/host";
import { runRoles } from "../stack/runRoles.ts";
import { count, duration } from "../terminal/format.ts";
import { checkWorkload } from "../workload/checkWorkload.ts";
import type { CheckedWorkload } from "../workload/checkWorkload.ts";
import { submitWorkload } from "../workload/submitWorkload.ts";
import { isClean, ledgerText, summariseLedger } from "./demoLedger.ts";
import { followDemo } from "./demoProgress.ts";
import { isProved, proofText, proveDemo } from "./demoProof.ts";
import { summarise, summaryTable } from "./demoTable.ts";
import { demoConfig, demoFolder, openDemo } from "./openDemo.ts";
import type { Demo } from "./openDemo.ts";
import type { WorkGroup } from "./workGroups.ts";
import { workGroups } from "./workGroups.ts";

/** What a file without `request` lines is answered by. */
const DEFAULTS = { source: "demo", model: "gpt-4o-mini" } as const;

/**
 * Runs a workload through the whole stack against the simulator, shows how it goes, and proves how it went.
 * Answers `fine` only where the checker found nothing and no job was created twice.
 * @throws Failure with all faults of the file, before anything is started
 */
export async function runDemo(file: string, stop: AbortSignal): Promise<ExitCode> {
  const startedAt = performance.now();
  const checked = await checkedFile(file);
  const items = checked.sections.reduce((sum, { section }) => sum + section.lines, 0);
  const folder = await demoFolder(new Date());
  await using demo = await openDemo(folder, items);
  const { workspace } = demo;
  const accounts = workspace.config.accounts.map(({ settings }) => `${settings.id} (${settings.mode})`);
  const size = `${count(items)} ${items === 1 ? "item" : "items"}`;
  console.log(`Granary's demo: ${size} of ${shown(file)}, on ${accounts.join(", ")}`);
  console.log(`Everything it writes is kept in ${folder}\n`);

  const groups = await runWorkload(demo, checked, stop);
  if (stop.aborted) {
    console.log(`\nstopped; what was done so far lies in ${folder}`);
    return EXIT.failed;
  }
  const took = duration(performance.now() - startedAt);
  const summaries = [];
  for (const group of groups) summaries.push(await summarise(workspace, group));
  console.log(`\n${summaryTable(summaries)}`);
  const place = workspace.config.artifacts.folder;
  console.log(`The artifacts lie in ${place}; jobs that carried several requests in ${place}/shared\n`);

  const { report, ledger } = await proveDemo(workspace);
  console.log(`${proofText(report)}\n`);
  const summary = summariseLedger(ledger);
  console.log(`${ledgerText(summary)}\n`);
  const proved = isProved(report) && isClean(summary);
  const total = duration(performance.now() - startedAt);
  console.log(`${proved ? "All is well" : "NOT all is well"}: done after ${took}, proved after ${total}`);
  return proved ? EXIT.fine : EXIT.failed;
}

async function checkedFile(file: string): Promise<CheckedWorkload> {
  const { accounts, ...catalogue } = catalogueOf(demoConfig(".granary"));
  const checked = await checkWorkload(file, DEFAULTS, { accounts, ...catalogue }, () => []);
  if (checked.faults.length === 0) return checked;
  throw new Failure(EXIT.wrongInput, `${shown(file)} is no workload; nothing was started:`, checked.faults);
}

/** Submits everything and runs the three roles until all of it has ended. */
async function runWorkload(
  { workspace }: Demo,
  checked: CheckedWorkload,
  stop: AbortSignal,
): Promise<readonly WorkGroup[]> {
  const startedAt = performance.now();
  const { accepted, refused } = await submitWorkload(workspace, checked);
  const faults = refused.flatMap(({ requestId, faults: own }) =>
    own.map((fault) => ({ ...fault, path: `${requestId}.${fault.path}` })),
  );
  if (faults.length > 0) throw new Failure(EXIT.wrongInput, "not everything was accepted:", faults);
  const groups = workGroups(checked, accepted);
  const done = new AbortController();
  const running = runRoles(workspace, AbortSignal.any([stop, done.signal]));
  try {
    await followDemo(workspace, groups, startedAt, stop);
  } finally {
    done.abort();
    await running;
  }
  return groups;
}

function shown(file: string): string {
  const path = relative(".", resolve(file));
  return path.startsWith("..") ? file : path;
}
