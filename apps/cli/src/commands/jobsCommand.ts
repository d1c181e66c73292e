import type { Command } from "commander";
import type { JobSnapshot } from "@granary/domain";
import { isOurTag, isTerminal } from "@granary/domain";
import { adoptCommand } from "./adoptCommand.ts";
import { describedCommand, ending } from "../command.ts";
import { wholeCount } from "../countOption.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure, failureOf } from "../failure.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count, duration, instant } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface JobsOptions extends CommonOptions {
  readonly account?: string;
  readonly open?: boolean;
  readonly foreign?: boolean;
  readonly limit: number;
}

const CALL_MS = 30_000;

/** Whose a job is: a task's, one job too many, ours without a task, or somebody else's under the same key. */
type Owner = "held" | "surplus" | "orphan" | "foreign";

/** `granary jobs`: what the providers say there is, held against the store; `jobs adopt` takes one over. */
export function jobsCommand(): Command {
  return describedCommand("jobs", "list the jobs at the providers, newest first, and whose each is", [
    ["granary jobs", "the newest 50 of each account"],
    ["granary jobs --open --account openai:default", "those that have not ended"],
    ["granary jobs --foreign", "those that are not ours, and use up the same limits"],
    ["granary jobs adopt batch_68f2 --input requests.jsonl", "take over a script's job"],
    ["granary jobs --json | jq '.jobs[] | select(.owner == \"orphan\")'", "for scripts"],
  ])
    .option("--account <account>", "only this account (default: all)")
    .option("--open", "only jobs that have not ended")
    .option("--foreign", "only jobs that are not ours")
    .option("--limit <number>", "how many of each account at most", wholeCount, 50)
    .enablePositionalOptions()
    .helpCommand(false)
    .addCommand(adoptCommand())
    .action(ending(jobs));
}

async function jobs(options: JobsOptions): Promise<ExitCode> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const accounts = [...workspace.catalogue.accounts.keys()].filter(
    (id) => options.account === undefined || id === options.account,
  );
  if (accounts.length === 0)
    throw new Failure(
      EXIT.wrongInput,
      `account ${options.account} is not configured: granary providers lists them`,
    );
  const rows: Awaited<ReturnType<typeof jobsOf>>[number][] = [];
  const failures: { account: string; message: string }[] = [];
  for (const account of accounts)
    try {
      rows.push(...(await jobsOf(workspace, account, options)));
    } catch (error) {
      failures.push({ account, message: failureOf(error).message });
    }
  if (out.json) out.document({ jobs: rows, failures });
  else {
    out.table(
      ["job", "account", "owner", "status", "lines", "done", "failed", "created", "age", "task"],
      rows.map(({ jobId, account, owner, rawStatus, counts, createdAt, ageMs, taskId }) => [
        jobId,
        account,
        owner,
        rawStatus,
        counts ? count(counts.total) : "-",
        counts ? count(counts.completed) : "-",
        counts ? count(counts.failed) : "-",
        instant(createdAt),
        ageMs === null ? "-" : duration(ageMs),
        taskId ?? "-",
      ]),
    );
    for (const { account, message } of failures) out.note(`${account} cannot be listed: ${message}`);
  }
  return failures.length > 0 ? EXIT.unavailable : EXIT.fine;
}

async function jobsOf(workspace: Workspace, account: string, { open, foreign, limit }: JobsOptions) {
  const provider = workspace.catalogue.accounts.get(account)?.provider;
  if (!provider) throw new Error(`account ${account} is not configured`);
  const found: Awaited<ReturnType<typeof owned>>[number][] = [];
  let after: string | null = null;
  do {
    const page = await provider.list({ after, signal: AbortSignal.timeout(CALL_MS) });
    const wanted = page.jobs.filter(({ status }) => !open || !isTerminal(status));
    found.push(
      ...(await owned(workspace, account, wanted)).filter(({ owner }) => !foreign || owner === "foreign"),
    );
    after = page.next;
  } while (after !== null && found.length < limit);
  return found.slice(0, limit);
}

/** Whose each of these jobs is. */
async function owned({ store, deps }: Workspace, account: string, listed: readonly JobSnapshot[]) {
  const held = await store.byJob(
    account,
    listed.map(({ jobId }) => jobId),
  );
  const ours = listed.flatMap(({ tag }) => (isOurTag(tag, deps.instance) ? [tag] : []));
  const tasks = new Map((await store.loadMany("task", ours)).map((task) => [task.id, task]));
  const now = deps.clock.now();
  return listed.map((job) => {
    const task = held.get(job.jobId) ?? (job.tag === null ? undefined : tasks.get(job.tag));
    const { jobId, tag, rawStatus, status, counts, createdAt, expiresAt } = job;
    const owner = ownerOf({
      held: held.has(jobId),
      task: task !== undefined,
      ours: isOurTag(tag, deps.instance),
    });
    return {
      jobId,
      account,
      owner,
      tag,
      rawStatus,
      status,
      counts,
      createdAt,
      ageMs: createdAt === null ? null : Math.max(0, now - createdAt),
      expiresAt,
      taskId: task?.id ?? null,
    };
  });
}

function ownerOf({ held, task, ours }: { held: boolean; task: boolean; ours: boolean }): Owner {
  if (held) return "held";
  if (task) return "surplus";
  return ours ? "orphan" : "foreign";
}
