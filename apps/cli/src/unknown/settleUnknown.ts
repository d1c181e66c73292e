import { userInfo } from "node:os";
import type { Fault, OperatorVerdict, TaskDoc } from "@granary/domain";
import { EXIT, Failure } from "../failure.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";
import { confirmCode } from "./confirmCode.ts";
import { examineAbsence } from "./examineAbsence.ts";
import { examineAttach } from "./examineAttach.ts";
import type { Examined } from "./examined.ts";
import { jobSummary } from "./lookAtJob.ts";
import { settleCommand } from "./settleCommand.ts";
import { showExamined } from "./showExamined.ts";
import { unsettled } from "./unsettledTasks.ts";

export interface SettleOptions extends CommonOptions {
  readonly note?: string;
  readonly by?: string;
  readonly confirm?: string;
}

/** Of a note or a name: it stays on the task's document for good. */
const LONGEST = 500;

/**
 * Takes an operator's verdict on a create whose answer is not known, in two steps: without a code it only tells what
 * there is to see and what would follow; with the code of just that it writes the verdict onto the task. `jobId` null:
 * no job came of the create.
 * @throws Failure with everything that speaks against it; ProviderTrouble
 */
export async function settleUnknown(
  taskId: string,
  jobId: string | null,
  options: SettleOptions,
): Promise<void> {
  const out = terminal(options);
  const words = wordsOf(options);
  await using workspace = await openGranary(options);
  const { store, deps } = workspace;
  const task = await store.load("task", taskId);
  const says = jobId === null ? "not_created" : "attached";
  const refusal =
    jobId === null ? `${taskId} cannot be declared not created` : `${jobId} cannot be attached to ${taskId}`;
  if (!task)
    throw refused(refusal, [
      { path: `task ${taskId}`, message: "is not there: granary unknown list names those in doubt" },
    ]);
  const before = saidBefore(task, says, jobId);
  if (before) return tell(out, workspace, before, { task, isNew: false });
  const examined = await (jobId === null
    ? examineAbsence(workspace, task)
    : examineAttach(workspace, task, jobId));
  if (examined.faults.length > 0) throw refused(refusal, examined.faults);
  const code = confirmCode(deps.ids, { task, says, jobId, against: examined.against });
  const command = settleCommand(taskId, jobId, { ...options, confirm: code });
  if (options.confirm === undefined) return ask(out, workspace, { task, examined, code, command, says });
  if (options.confirm !== code)
    throw new Failure(
      EXIT.wrongInput,
      `the code ${options.confirm} does not fit what there is to see now; nothing was done: look again with ${settleCommand(taskId, jobId, { ...options, confirm: undefined })}`,
    );
  const verdict = { at: deps.clock.now(), attempt: task.attempt, says, jobId, ...words } as const;
  return tell(out, workspace, verdict, { task: await write(workspace, task, verdict), isNew: true });
}

/** @throws Failure where they cannot stand on the task */
function wordsOf({ note = "", by }: SettleOptions): Pick<OperatorVerdict, "note" | "by"> {
  const words = { by: (by ?? osUser()).trim(), note: note.replaceAll(/\s+/g, " ").trim() };
  const faults: Fault[] = Object.entries(words)
    .filter(([, text]) => text.length > LONGEST)
    .map(([name, text]) => ({
      path: `--${name}`,
      message: `has ${text.length} characters, and ${LONGEST} are the most`,
    }));
  if (words.by === "") faults.push({ path: "--by", message: "is empty: give a name to be asked by" });
  if (faults.length > 0) throw refused("this cannot be said", faults);
  return words;
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** The same verdict on the same attempt, where an operator gave it before: it stands, and repeating it does no harm. */
function saidBefore(
  { attempt, verdictsOfOperators = [] }: TaskDoc,
  says: OperatorVerdict["says"],
  jobId: string | null,
): OperatorVerdict | undefined {
  return verdictsOfOperators.find(
    (said) => said.attempt === attempt && said.says === says && said.jobId === jobId,
  );
}

/** Writes the verdict and makes sure that it stands: a signal that comes too late changes nothing. */
async function write(
  { store, deps }: Workspace,
  { id, account, attempt }: TaskDoc,
  verdict: OperatorVerdict,
): Promise<TaskDoc> {
  await store.signal("task", [id], { type: "operator", verdict });
  const task = await store.load("task", id);
  const stands = task?.verdictsOfOperators?.some(
    ({ at, by, says }) => at === verdict.at && by === verdict.by && says === verdict.says,
  );
  if (!task || !stands)
    throw new Failure(
      EXIT.failed,
      `task ${id} moved on just then; nothing was done: granary show ${id} tells what it does`,
    );
  const { says, jobId, by, note } = verdict;
  deps.log.warn({ taskId: id, account, attempt, says, jobId, by, note }, "operator's verdict");
  return task;
}

async function ask(
  out: Terminal,
  { deps, store }: Workspace,
  seen: {
    readonly task: TaskDoc;
    readonly examined: Examined;
    readonly code: string;
    readonly command: string;
    readonly says: OperatorVerdict["says"];
  },
): Promise<void> {
  const { task, examined, code, command, says } = seen;
  const { jobs, warnings, follows } = examined;
  if (out.json)
    return out.document({
      said: null,
      says,
      task: unsettled(task, await store.load("sweep", task.account)),
      jobs: jobs.map(jobSummary),
      warnings,
      follows,
      confirm: { code, command },
    });
  showExamined(out, task, examined, deps.clock.now());
  out.line("");
  out.line("nothing was changed; to say it, repeat it with the code of what is shown here:");
  out.line(`  ${command}`);
}

async function tell(
  out: Terminal,
  workspace: Workspace,
  said: OperatorVerdict,
  { task, isNew }: { readonly task: TaskDoc; readonly isNew: boolean },
): Promise<void> {
  const what = said.jobId === null ? "no job came of its create" : `${said.jobId} is its job`;
  if (out.json) out.document({ said, isNew, task: { id: task.id, state: task.state, jobs: task.jobs } });
  else
    out.line(
      isNew
        ? `it stands on task ${task.id}, as ${said.by}'s word: ${what}`
        : `nothing new: ${said.by} said of task ${task.id} at ${new Date(said.at).toISOString()} that ${what}`,
    );
  if ((await workspace.atWork()).kind === "nobody")
    out.note("nothing works on this store: start granary up, which will act on it");
}

function refused(what: string, faults: readonly Fault[]): Failure {
  return new Failure(EXIT.wrongInput, `${what}; nothing was done:`, faults);
}
