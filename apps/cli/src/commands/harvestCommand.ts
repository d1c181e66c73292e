import type { Command } from "commander";
import { describedCommand, ending } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";
import { findTask } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { askReplay, replayApplied } from "../replays.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface HarvestOptions extends CommonOptions {
  readonly again: string;
  readonly wait: boolean;
}

/** `granary harvest --again TASK`: decides an ended task anew from its raw files, as a revision. */
export function harvestCommand(): Command {
  return describedCommand("harvest", "decide an ended task's items anew from its raw files, as a revision", [
    ["granary harvest --again gr1x9k-abcdefghij234567klmn", "and wait for it"],
    ["granary harvest --again gr1x9k-abcdefghij234567klmn --no-wait", "only ask for it"],
  ])
    .requiredOption("--again <task>", "the task, which must have ended")
    .option("--no-wait", "end as soon as it is asked for")
    .action(ending(harvest));
}

async function harvest(options: HarvestOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const task = await findTask(workspace, options.again);
  if (task.state !== "ended")
    throw new Failure(
      EXIT.failed,
      `${task.id} has not ended, it is ${task.state}: it will be harvested anyway`,
    );
  if (task.raw.length === 0)
    throw new Failure(EXIT.failed, `${task.id} has no raw files: there is nothing to decide anew`);
  if (task.purged)
    throw new Failure(EXIT.failed, `${task.id} carried what was purged: it is not harvested again`);
  const n = await askReplay(workspace, task);
  if ((await workspace.atWork()).kind === "nobody")
    out.note("nothing works on this store: start granary up, which will carry it out");
  if (options.wait) await replayApplied(workspace, task.id, n);
  if (out.json) out.document({ taskId: task.id, revision: n, applied: options.wait });
  else
    out.line(
      options.wait ? `${task.id}: revision ${n} is applied` : `${task.id}: revision ${n} is asked for`,
    );
}
