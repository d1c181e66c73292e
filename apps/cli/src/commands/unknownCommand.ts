import type { Command } from "commander";
import type { TaskDoc } from "@granary/domain";
import { describedCommand, ending, groupCommand } from "../command.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { duration, instant } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

const PAGE = 200;

/** `granary unknown`: creates whose answer was lost, and how far it is settled whether there is a job. */
export function unknownCommand(): Command {
  return groupCommand(
    "unknown",
    "creates whose answer was lost: nothing is created again until they are settled",
    [
      describedCommand("list", "list creates whose outcome is not known yet, and what each waits for", [
        ["granary unknown list", "since when, and how many clean passes over the job list there were"],
      ]).action(ending(list)),
    ],
  );
}

async function list(options: CommonOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const now = await workspace.store.now();
  const sweeps = new Map((await workspace.store.gauges()).sweeps.map(({ account, seq }) => [account, seq]));
  const rows: ReturnType<typeof summary>[] = [];
  for await (const task of unknownTasks(workspace)) rows.push(summary(task, sweeps));
  if (out.json) return out.document({ unknown: rows });
  if (rows.length === 0) return out.note("no create is in doubt");
  out.table(
    ["task", "account", "attempt", "sent", "in doubt for", "passes since", "waits for", "error"],
    rows.map(({ taskId, account, attempt, sentAt, passes, waitsFor, error }) => [
      taskId,
      account,
      String(attempt),
      instant(sentAt),
      sentAt === null ? "-" : duration(now - sentAt),
      String(passes),
      waitsFor ?? "-",
      error ?? "-",
    ]),
  );
  out.note(
    "each is adopted when its job is seen, or created again once its absence is certain; nobody has to act",
  );
}

async function* unknownTasks({ store }: Workspace): AsyncGenerator<TaskDoc> {
  let after: string | undefined;
  for (;;) {
    const page = await store.tasks({ states: ["unknown"] }, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function summary(
  { id, account, attempt, intent, waitsFor, lastError }: TaskDoc,
  sweeps: ReadonlyMap<string, number>,
) {
  return {
    taskId: id,
    account,
    attempt,
    sentAt: intent?.at ?? null,
    revokedAt: intent?.revokedAt ?? null,
    passes: Math.max(0, (sweeps.get(account) ?? 0) - (intent?.sweepSeq ?? 0)),
    waitsFor,
    error: lastError ? `${lastError.code}: ${lastError.message}` : null,
  };
}
