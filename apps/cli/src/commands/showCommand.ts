import type { Command } from "commander";
import type { TaskDoc } from "@granary/domain";
import { modeOf } from "@granary/domain";
import { requestLines, requestSummary } from "../describeRequest.ts";
import { taskLines } from "../describeTask.ts";
import { describedCommand, ending } from "../command.ts";
import { DEFAULT_SOURCE, findRequest, findTask, isTaskId } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { errorText, remedyFor } from "../remedies.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface ShowOptions extends CommonOptions {
  readonly source: string;
}

const PAGE = 500;

/** `granary show`: everything about one request, or one task. */
export function showCommand(): Command {
  return describedCommand("show", "show a request with its tasks, or a task with its provider job", [
    ["granary show items-1a2b3c4d5e6f", "a request"],
    ["granary show gr1x9k-abcdefghij234567klmn --json", "a task, whole"],
  ])
    .argument("<request|task>", "a request's id, or a task's (gr…)")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .action(ending(show));
}

async function show(name: string, options: ShowOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  if (isTaskId(name)) {
    const task = await findTask(workspace, name);
    if (out.json) out.document({ ...task, mode: modeOf(task.account) });
    else for (const line of taskLines(task)) out.line(line);
    return;
  }
  const request = await findRequest(workspace, name, options.source);
  const tasks = await tasksOf(workspace, request.id);
  const sums = request.counts ? null : await workspace.store.sumSlices(request.id);
  if (out.json) {
    out.document({
      request: { ...requestSummary(request), progress: sums?.counts ?? request.counts },
      tasks,
    });
    return;
  }
  for (const line of requestLines(request)) out.line(line);
  if (sums)
    out.line(
      `so far     ${count(sums.counts.succeeded)} succeeded, ${count(sums.counts.failed)} failed, ${count(sums.counts.expired)} expired, ${count(sums.counts.cancelled)} cancelled`,
    );
  if (request.waitsFor) out.line(`waits for  ${request.waitsFor}: ${remedyFor(request.waitsFor)}`);
  showTasks(out, tasks);
}

function showTasks(out: Terminal, tasks: readonly TaskDoc[]): void {
  if (tasks.length === 0) return out.note("none of its items is in a task yet");
  out.line("");
  out.table(
    ["task", "state", "job", "lines", "requests", "attempt", "waits for", "last error"],
    tasks.map((task) => [
      task.id,
      task.result ? `${task.state}: ${task.result}` : task.state,
      task.view?.jobId ?? task.jobs.find(({ how }) => how !== "surplus")?.jobId ?? "-",
      count(task.lines),
      count(task.requests),
      String(task.attempt),
      task.waitsFor ?? "-",
      task.state === "ended" ? "-" : errorText(task.lastError) || "-",
    ]),
  );
  for (const waitsFor of new Set(tasks.flatMap((task) => task.waitsFor ?? [])))
    out.note(`${waitsFor}: ${remedyFor(waitsFor)}`);
}

/** Every task that carries or carried items of a request. */
export async function tasksOf({ store }: Workspace, request: string): Promise<readonly TaskDoc[]> {
  const all: TaskDoc[] = [];
  for (;;) {
    const page = await store.tasks({ request }, { after: all.at(-1)?.id, limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
