import type { Command } from "commander";
import type { Fault, RequestDoc } from "@granary/domain";
import { RESULT_HEAD, requestSummary, resultRow } from "../describeRequest.ts";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { openGranary } from "../openGranary.ts";
import { followRequests } from "../progress/followRequests.ts";
import { progressDrawing } from "../progress/progressDrawing.ts";
import { requestFollower } from "../progress/requestFollower.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";
import { checkWorkload } from "../workload/checkWorkload.ts";
import { withHeaderOptions } from "../workload/headerOptions.ts";
import { spooledInput } from "../workload/spooledInput.ts";
import { submitWorkload } from "../workload/submitWorkload.ts";
import type { Submitted } from "../workload/submitWorkload.ts";
import { flagsOf } from "../workload/workloadHeader.ts";
import type { HeaderFlags } from "../workload/workloadHeader.ts";

interface SubmitOptions extends CommonOptions, HeaderFlags {
  readonly wait: boolean;
}

const PAGE = 500;
/** Rows of the last table; of more requests only the sums are told. */
const ROWS = 50;

/** `granary submit FILE`: checks the file whole, accepts its requests, and waits until all have ended. */
export function submitCommand(): Command {
  return withHeaderOptions(
    describedCommand("submit", "submit the requests in a JSON Lines file, and wait for them", [
      ["granary submit items.jsonl --model gpt-4o-mini", "one request of all lines"],
      ["granary submit workload.jsonl --no-wait", "accept, and come back at once"],
      [
        "granary submit items.jsonl --model gpt-4o --schema answer.json --max-cost 5",
        "JSON answers, at most $5",
      ],
    ])
      .argument("<file>", "JSON Lines file, or - for the standard input")
      .option("--no-wait", "end as soon as everything is accepted"),
  ).action(ending(submit));
}

async function submit(file: string, options: SubmitOptions): Promise<ExitCode> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  await using input = await spooledInput(file);
  const checked = await checkWorkload(
    input.path,
    flagsOf(options),
    workspace.catalogue,
    conflictFinder(workspace),
  );
  if (checked.faults.length > 0)
    throw new Failure(EXIT.wrongInput, `${file} cannot be submitted; nothing was:`, checked.faults);
  const { accepted, refused } = await submitWorkload(workspace, checked);
  out.note(acceptedText(accepted));
  const refusals = refused.flatMap(({ requestId, faults }) =>
    faults.map((fault) => ({ ...fault, path: `${requestId}.${fault.path}` })),
  );
  if (options.wait) {
    const follower = requestFollower(
      workspace,
      accepted.map(({ id }) => id),
    );
    await followRequests(workspace, follower, progressDrawing(out));
  } else if ((await workspace.atWork()).kind === "nobody")
    out.note("nothing works on this store: start granary up, which will take them up");
  const failed = await report(workspace, out, accepted, options.wait);
  if (refusals.length > 0) throw new Failure(EXIT.wrongInput, "not accepted (all others were):", refusals);
  return failed ? EXIT.failed : EXIT.fine;
}

/** Finds request ids that were accepted with other content, before anything is submitted. */
function conflictFinder({ store }: Workspace) {
  return async ({ id, requestId, contentSha }: RequestDoc): Promise<readonly Fault[]> => {
    const found = await store.load("request", id);
    if (!found || found.contentSha === contentSha) return [];
    const message = `${requestId} was accepted with other content: use a new id, or repeat the same content`;
    return [{ path: "requestId", message }];
  };
}

function acceptedText(accepted: readonly Submitted[]): string {
  const known = accepted.filter(({ status }) => status === "ended").length;
  const [first] = accepted;
  const what = accepted.length === 1 && first ? first.requestId : `${count(accepted.length)} requests`;
  return `accepted ${what}${known > 0 ? ` (${accepted.length === 1 ? "it" : count(known)} ended before)` : ""}`;
}

/** Tells how the requests ended, or that they were accepted. True where an item did not succeed. */
async function report(
  { store }: Workspace,
  out: Terminal,
  accepted: readonly Submitted[],
  waited: boolean,
): Promise<boolean> {
  const rows: (readonly string[])[] = [];
  const documents: unknown[] = [];
  let failed = false;
  for (let at = 0; at < accepted.length; at += PAGE) {
    const page = accepted.slice(at, at + PAGE);
    const found = await store.loadMany(
      "request",
      page.map(({ id }) => id),
    );
    const byId = new Map(found.map((request) => [request.id, request]));
    for (const { id, status } of page) {
      const request = byId.get(id);
      if (!request) continue;
      if (waited && request.result !== "succeeded") failed = true;
      if (out.json) documents.push({ ...requestSummary(request), status });
      else if (rows.length < ROWS) rows.push(resultRow(request));
    }
  }
  if (out.json) out.document({ requests: documents });
  else if (waited) {
    out.table(RESULT_HEAD, rows);
    if (accepted.length > rows.length)
      out.note(`… and ${count(accepted.length - rows.length)} more: granary list`);
  } else for (const { requestId } of accepted) out.line(requestId);
  return failed;
}
