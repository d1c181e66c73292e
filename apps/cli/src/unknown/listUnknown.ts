import type { SweepDoc } from "@granary/domain";
import { openGranary } from "../openGranary.ts";
import { remedyFor } from "../remedies.ts";
import { count, duration, instant } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";
import { unsettled, unsettledTasks } from "./unsettledTasks.ts";
import type { Unsettled } from "./unsettledTasks.ts";

/** Lists the tasks in doubt, what each waits for, and the jobs that may be theirs. Asks no provider. */
export async function listUnknown(options: CommonOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const sweeps = new Map<string, SweepDoc | undefined>();
  const rows: Unsettled[] = [];
  for await (const task of unsettledTasks(workspace)) {
    if (!sweeps.has(task.account))
      sweeps.set(task.account, await workspace.store.load("sweep", task.account));
    rows.push(unsettled(task, sweeps.get(task.account)));
  }
  if (out.json) return out.document({ unknown: rows });
  if (rows.length === 0) return out.note("no create is in doubt");
  showTasks(out, rows, await workspace.store.now());
  showCandidates(out, rows);
  tellWhatFollows(out, rows);
}

function showTasks(out: Terminal, rows: readonly Unsettled[], now: number): void {
  out.table(
    [
      "task",
      "state",
      "account",
      "attempt",
      "lines",
      "sent",
      "made at the latest",
      "in doubt for",
      "passes since",
      "waits for",
      "error",
    ],
    rows.map(
      ({
        taskId,
        state,
        account,
        attempt,
        lines,
        sentAt,
        window,
        passes,
        waitsFor,
        provisional,
        error,
        verdicts,
      }) => [
        taskId,
        provisional === null ? state : `${state}, provisionally`,
        account,
        String(attempt),
        count(lines),
        instant(sentAt),
        instant(window?.to ?? null),
        sentAt === null ? "-" : duration(Math.max(0, now - sentAt)),
        String(passes),
        verdicts.some((said) => said.attempt === attempt)
          ? "the monitor, on an operator's word"
          : (waitsFor ?? "-"),
        error ?? "-",
      ],
    ),
  );
}

function showCandidates(out: Terminal, rows: readonly Unsettled[]): void {
  const jobs = rows.flatMap(({ taskId, provisional, candidates }) => [
    ...(provisional === null ? [] : [[taskId, provisional, "held provisionally", "-", "-", "-"]]),
    ...candidates.map(({ jobId, createdAt, lines, owner }) => [
      taskId,
      jobId,
      "fits by time and lines",
      instant(createdAt),
      lines === null ? "-" : count(lines),
      owner ?? "-",
    ]),
  ]);
  if (jobs.length === 0) return;
  out.line("");
  out.table(["task", "job", "why", "created", "lines", "whose by its results"], jobs);
}

function tellWhatFollows(out: Terminal, rows: readonly Unsettled[]): void {
  const reasons = new Set(rows.flatMap(({ waitsFor }) => waitsFor ?? []));
  const asks = reasons.delete("operator");
  if (asks)
    out.note(
      "operator: several jobs fit, or results do not tell whose they are: say which it is with granary unknown attach TASK JOB, or that there is none with granary unknown declare-not-created TASK",
    );
  for (const reason of reasons) out.note(`${reason}: ${remedyFor(reason)}`);
  if (rows.some(({ waitsFor }) => waitsFor !== "operator"))
    out.note(
      `${asks ? "each of the others" : "each"} is adopted when its job is seen, or created again once its absence is certain; nobody has to act`,
    );
}
