import type { OperatorVerdict, TaskDoc } from "@granary/domain";
import { isProvisional, modeOf, taskFolder, totalOf } from "@granary/domain";
import { errorText, remedyFor } from "./remedies.ts";
import { bytes, count, instant, money } from "./terminal/format.ts";

/** A task in lines of text. */
export function taskLines(task: TaskDoc): readonly string[] {
  const { view, verdicts, waitsFor } = task;
  const facts: readonly (readonly [string, string | null])[] = [
    ["task", task.id],
    ["state", task.result ? `${task.state}: ${task.result}` : task.state],
    ["account", `${task.account} (${modeOf(task.account)}), ${task.model}, ${task.endpoint}`],
    [
      "carries",
      `${count(task.lines)} lines of ${count(task.requests)} requests, ${bytes(task.bytes)}, ${count(task.tokens)} tokens`,
    ],
    ["estimate", `at most ${money(task.estimateMicros)}`],
    ["attempt", String(task.attempt)],
    ["waits for", waitsFor ? `${waitsFor}: ${remedyFor(waitsFor)}` : null],
    ["last error", task.lastError ? `${errorText(task.lastError)} (${instant(task.lastError.at)})` : null],
    [
      "job",
      view
        ? `${view.jobId}, ${view.rawStatus}${isProvisional(task) ? " (held provisionally: its results will tell)" : ""}`
        : null,
    ],
    [
      "progress",
      view?.counts
        ? `${count(view.counts.completed)} completed, ${count(view.counts.failed)} failed of ${count(view.counts.total)}`
        : null,
    ],
    ["ended by", task.end ? `${task.end.why}, asked ${instant(task.end.at)}` : null],
    ...task.jobs
      .filter(({ how }) => how === "surplus")
      .map(({ jobId, closedAt }) => ["surplus", `${jobId}, ${closedAt ? "closed" : "open"}`] as const),
    ...(task.verdictsOfOperators ?? []).map((said) => ["operator", verdictText(said)] as const),
    ["planned", task.plannedAt === null ? null : instant(task.plannedAt)],
    ["submitted", task.submittedAt === null ? null : instant(task.submittedAt)],
    ["ended", task.endedAt === null ? null : instant(task.endedAt)],
    [
      "verdicts",
      verdicts
        ? `${count(totalOf(verdicts.counts))} final, ${count(verdicts.retries)} travel again, ${money(verdicts.costMicros)}`
        : null,
    ],
    ["revisions", task.revisions.length === 0 ? null : String(task.revisions.length)],
    ["artifacts", task.manifest ? taskFolder(task) : null],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(10)} ${value}`]));
}

/** What an operator said about a create, when, and why. */
function verdictText({ at, by, attempt, says, jobId, note }: OperatorVerdict): string {
  const what = says === "attached" ? `${jobId} is the job` : "no job came";
  return `${by} said at ${instant(at)} that ${what} of attempt ${attempt}${note === "" ? "" : `: ${note}`}`;
}
