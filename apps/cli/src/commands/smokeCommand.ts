import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { Option } from "commander";
import type { Report } from "@granary/checker";
import type { Command as Submission, Fault } from "@granary/domain";
import { catalogueOf } from "@granary/host";
import { systemIds } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { commandConfig } from "../openGranary.ts";
import { progressDrawing } from "../progress/progressDrawing.ts";
import { provenRequests } from "../provenRequests.ts";
import { followSmoke, untilSettled } from "../smoke/followSmoke.ts";
import type { SmokeChoice, SmokePlan } from "../smoke/planSmoke.ts";
import { planSmoke } from "../smoke/planSmoke.ts";
import type { SmokePlace, SmokePlaceOptions } from "../smoke/smokePlace.ts";
import { openSmokePlace } from "../smoke/smokePlace.ts";
import type { SmokeReport } from "../smoke/smokeReport.ts";
import { ITEM_HEAD, itemRow, JOB_HEAD, jobRow, smokeReport } from "../smoke/smokeReport.ts";
import type { Workspace } from "../stack/workspace.ts";
import { duration, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface SmokeOptions extends SmokePlaceOptions, SmokeChoice {
  readonly yes?: boolean;
}

const PROVIDERS = ["openai", "gemini", "anthropic"];
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** `granary smoke --provider P`: three tiny items as real batches, from the submit to the checker. */
export function smokeCommand(): Command {
  return describedCommand(
    "smoke",
    "try an account with three tiny items, end to end; tells the cost before",
    [
      ["granary smoke --provider openai", "in a workspace of its own, which it removes where all went well"],
      ["granary smoke --provider gemini --model gemini-2.5-flash --yes", "on a live account, without asking"],
      ["granary smoke --provider openai --running", "by the granary up that runs on GRANARY_SQLITE"],
      ["NATS_URL=… MONGODB_URI=… granary smoke --provider openai", "by services of their own"],
    ],
  )
    .addOption(
      new Option("--provider <provider>", "whose batch API").choices(PROVIDERS).makeOptionMandatory(),
    )
    .option("--account <account>", "the account (default: the provider's default one)")
    .option("--model <model>", "the model (default: the cheapest one with a known price)")
    .option("--running", "use what a running granary up works on")
    .option("--yes", "spend on a live account without asking")
    .action(ending(smoke));
}

async function smoke(options: SmokeOptions): Promise<ExitCode> {
  const out = terminal(options);
  const config = commandConfig();
  const plan = await planSmoke(config, catalogueOf(config), options);
  const { settings } = plan.account;
  out.note(
    `${settings.id} (${settings.mode}), ${plan.model}: 3 items in ${plan.requests.length} requests, ${costText(plan)}`,
  );
  if (settings.mode === "live" && !(await mayBegin(options))) return EXIT.failed;
  await using place = await openSmokePlace(config, settings.id, options);
  if (place.folder !== null) out.note(`its workspace is ${place.folder}`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await run(place, plan, out, stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

function costText({ mostMicros, account }: SmokePlan): string {
  const most = mostMicros === null ? "at a cost nobody here knows" : `at most ${money(mostMicros)}`;
  return account.settings.mode === "live" ? most : `${most} if it were live; nothing is paid`;
}

/** Asks whoever sits at the terminal. @throws Failure where nobody does and `--yes` was not given */
async function mayBegin({ yes }: SmokeOptions): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure(EXIT.wrongInput, "this is a live account: repeat with --yes to spend on it");
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await asking.question("Go on? [y/N] ")).trim());
  } finally {
    asking.close();
  }
}

async function run(place: SmokePlace, plan: SmokePlan, out: Terminal, stop: AbortSignal): Promise<ExitCode> {
  const { workspace, folder } = place;
  const ids = await submit(workspace, plan);
  const done = new AbortController();
  const driving = place.drive(AbortSignal.any([stop, done.signal]));
  let ended: boolean;
  try {
    ended = await followSmoke(workspace, ids, progressDrawing(out), stop);
    if (ended) await untilSettled(workspace, ids, stop);
  } finally {
    done.abort();
    await driving;
  }
  if (!ended) {
    out.note(goOnText(folder, ids));
    return EXIT.failed;
  }
  const report = await smokeReport(workspace, ids);
  const proof = await provenRequests(workspace, {
    config: workspace.config,
    quiet: folder !== null,
    requests: ids,
  });
  const isFine =
    report.items.length === 3 &&
    report.items.every(({ status }) => status === "succeeded") &&
    proof.findings.length === 0;
  show(out, plan, { report, proof, isFine });
  if (isFine) place.discard();
  else if (folder !== null) out.note(`everything is kept in ${folder}`);
  return isFine ? EXIT.fine : EXIT.failed;
}

/** Hands the requests over; our ids of them. @throws Failure where one is refused */
async function submit(workspace: Workspace, { requests }: SmokePlan): Promise<readonly string[]> {
  const commands = requests.map((data): Submission => ({ id: systemIds.nonce(), type: "submit", data }));
  const replies = await workspace.send(commands);
  const faults = replies.flatMap((reply): readonly Fault[] => reply.faults ?? []);
  const ids = replies.flatMap(({ id, status }) => (id && status === "accepted" ? [id] : []));
  if (ids.length !== commands.length)
    throw new Failure(EXIT.wrongInput, "the requests were not accepted:", faults);
  return ids;
}

function goOnText(folder: string | null, ids: readonly string[]): string {
  return folder === null
    ? `no longer followed; the requests go on: granary watch ${ids.join(" ")}`
    : `stopped; a job that was created goes on at the provider. To harvest it: GRANARY_SQLITE=${folder}/granary.db GRANARY_ARTIFACTS=${folder}/artifacts GRANARY_SIMULATOR_DATA=${folder}/simulator granary up --exit-when-idle`;
}

interface SmokeEnd {
  readonly report: SmokeReport;
  readonly proof: Report;
  readonly isFine: boolean;
}

function show(out: Terminal, { account, model, mostMicros }: SmokePlan, end: SmokeEnd): void {
  const { report, proof, isFine } = end;
  const { findings } = proof;
  if (out.json) {
    const { id, mode } = account.settings;
    out.document({ ok: isFine, account: id, mode, model, mostMicros, ...report, findings });
    return;
  }
  out.table(ITEM_HEAD, report.items.map(itemRow));
  out.table(JOB_HEAD, report.jobs.map(jobRow));
  for (const { rule, id, message } of findings) out.line(`${rule} ${id}: ${message}`);
  const checked = proof.proved.reduce((sum, { checked: number }) => sum + number, 0);
  const proven = findings.length === 0 ? `${checked} checks found nothing` : `${findings.length} findings`;
  out.line(
    `${isFine ? "all is well" : "NOT all is well"}: ${money(report.costMicros)} of at most ${money(mostMicros)}, ${duration(report.tookMs)}; ${proven}`,
  );
}
