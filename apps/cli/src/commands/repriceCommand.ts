import type { Command } from "commander";
import type { RequestDoc, TaskDoc } from "@granary/domain";
import { describedCommand, ending } from "../command.ts";
import { endedTasks } from "../cost/endedTasks.ts";
import { repricingOf } from "../cost/repricing.ts";
import type { Repricing } from "../cost/repricing.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { askReplay, replayApplied } from "../replays.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface RepriceOptions extends CommonOptions {
  readonly source: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly wait: boolean;
}

const MEANING = `
Nothing is asked of the provider: each task is decided anew from its raw files, as by granary harvest --again, and each
request it touches says so (request.revised). Whoever harvests prices by the file it was started with: start granary up
or the harvesters with the new prices first.`;

/** `granary cost reprice`: prices ended tasks by the prices of now, as a replay. */
export function repriceCommand(): Command {
  return describedCommand("reprice", "price ended tasks by the prices of now; tells first, --yes does it", [
    ["granary cost reprice", "tasks whose cost is not known, and what it would be; changes nothing"],
    ["granary cost reprice --all", "every task that would cost something else"],
    ["granary cost reprice items-1a2b3c4d5e6f --yes", "ask for it, and wait for it"],
  ])
    .argument("[requests...]", "only tasks of these requests, which must have ended")
    .option("--source <source>", "the requests' source", DEFAULT_SOURCE)
    .option("--all", "also where the cost is known, and is another one now")
    .option("--yes", "do it")
    .option("--no-wait", "end as soon as it is asked for")
    .addHelpText("after", MEANING)
    .action(ending(reprice));
}

async function reprice(names: readonly string[], options: RepriceOptions): Promise<ExitCode> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const requests = await endedRequests(workspace, names, options.source);
  const { found, tasks, busy } = await differing(workspace, requests, options.all === true);
  if (!out.json) show(out, found);
  if (busy > 0) out.note(`${count(busy)} tasks are being decided anew already, and are left out`);
  if (options.yes !== true || found.length === 0) {
    if (out.json) out.document({ dryRun: options.yes !== true, tasks: found, applied: false });
    else if (found.length > 0) out.note("nothing was changed: --yes asks for it");
    return EXIT.fine;
  }
  const asked: (readonly [task: TaskDoc, n: number])[] = [];
  for (const task of tasks) asked.push([task, await askReplay(workspace, task)]);
  const nobody = (await workspace.atWork()).kind === "nobody";
  if (nobody) out.note("nothing works on this store: start granary up, which will carry it out");
  const waits = options.wait && !nobody;
  const still = waits ? await stillDiffering(workspace, asked) : [];
  if (out.json) out.document({ dryRun: false, tasks: found, applied: waits, still });
  else out.line(`${count(asked.length)} tasks are ${waits ? "" : "asked to be "}priced anew`);
  if (still.length === 0) return EXIT.fine;
  out.note(
    `${still.map(({ taskId }) => taskId).join(", ")}: priced by other prices than this command has; start granary up or the harvesters with the same file of GRANARY_CONFIG, then repeat this`,
  );
  return EXIT.failed;
}

async function endedRequests(
  workspace: Workspace,
  names: readonly string[],
  source: string,
): Promise<readonly RequestDoc[]> {
  const requests: RequestDoc[] = [];
  for (const name of names) requests.push(await findRequest(workspace, name, source));
  const open = requests.filter(({ state }) => state !== "ended");
  if (open.length === 0) return requests;
  throw new Failure(
    EXIT.failed,
    "only what has ended can be priced anew",
    open.map(({ requestId, state }) => ({
      path: requestId,
      message: `is ${state}: granary watch ${requestId} waits for it`,
    })),
  );
}

async function differing(workspace: Workspace, requests: readonly RequestDoc[], all: boolean) {
  const found: Repricing[] = [];
  const tasks: TaskDoc[] = [];
  let busy = 0;
  for await (const task of endedTasks(workspace, requests)) {
    if (task.again || task.revisions.some(({ appliedAt }) => appliedAt === null)) {
      busy += 1;
      continue;
    }
    const repricing = await repricingOf(workspace, task);
    if (!repricing || !(all || repricing.oldMicros === null || repricing.unused)) continue;
    found.push(repricing);
    tasks.push(task);
  }
  return { found, tasks, busy };
}

async function stillDiffering(
  workspace: Workspace,
  asked: readonly (readonly [task: TaskDoc, n: number])[],
): Promise<readonly Repricing[]> {
  const still: Repricing[] = [];
  for (const [{ id }, n] of asked) {
    const repricing = await repricingOf(workspace, await replayApplied(workspace, id, n));
    if (repricing) still.push(repricing);
  }
  return still;
}

function show(out: Terminal, found: readonly Repricing[]): void {
  if (found.length === 0) return out.note("no task would cost anything else");
  out.table(
    ["task", "account", "model", "lines", "old", "new", "difference"],
    found.map(({ taskId, account, model, lines, oldMicros, newMicros, differenceMicros, unused }) => [
      taskId,
      account,
      model,
      `${count(lines)}${unused ? " and unused ones" : ""}`,
      money(oldMicros),
      money(newMicros),
      differenceMicros === null
        ? "unknown"
        : `${differenceMicros < 0 ? "-" : "+"}${money(Math.abs(differenceMicros))}`,
    ]),
  );
}
