import type { TaskDoc } from "@granary/domain";
import { attemptWindow } from "@granary/domain";
import { count, duration, instant } from "../terminal/format.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { ownerText } from "./examineAbsence.ts";
import type { Examined } from "./examined.ts";
import { guessOf } from "./examined.ts";

/** Tells a person what was looked at before a verdict, and what would follow from it. */
export function showExamined(
  out: Terminal,
  task: TaskDoc,
  { jobs, warnings, follows }: Examined,
  now: number,
): void {
  const { intent } = task;
  const window = attemptWindow(task);
  const guess = guessOf(task);
  const facts: readonly (readonly [string, string | null])[] = [
    ["task", `${task.id}, ${task.state}${guess === null ? "" : `, holds ${guess} provisionally`}`],
    ["account", `${task.account}, ${task.model}`],
    ["carries", `${count(task.lines)} lines of ${count(task.requests)} requests`],
    [
      "attempt",
      `${task.attempt}${intent ? `, sent ${instant(intent.at)}, ${duration(now - intent.at)} ago` : ""}`,
    ],
    [
      "window",
      window &&
        `a job of it was made from ${instant(window.from)} to ${instant(window.to)}, give or take what clocks differ`,
    ],
    ["file", intent?.fileId ?? null],
    ["waits for", task.waitsFor],
    ["last error", task.lastError && `${task.lastError.code}: ${task.lastError.message}`],
  ];
  for (const [name, value] of facts) if (value !== null) out.line(`${name.padEnd(10)} ${value}`);
  if (jobs.length > 0) {
    out.line("");
    out.table(
      ["job", "status", "lines", "done", "failed", "created", "tag", "whose by its results"],
      jobs.map((looked) => {
        const { jobId, rawStatus, counts, createdAt, tag } = looked.job;
        return [
          jobId,
          rawStatus,
          counts ? count(counts.total) : "-",
          counts ? count(counts.completed) : "-",
          counts ? count(counts.failed) : "-",
          instant(createdAt),
          tag ?? "-",
          ownerText(looked, task),
        ];
      }),
    );
  }
  out.line("");
  for (const warning of warnings) out.line(`beware     ${warning}`);
  for (const sentence of follows) out.line(`follows    ${sentence}`);
}
