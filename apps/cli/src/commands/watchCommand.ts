import type { Command } from "commander";
import type { RequestDoc } from "@granary/domain";
import { RESULT_HEAD, requestSummary, resultRow } from "../describeRequest.ts";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { followRequests } from "../progress/followRequests.ts";
import { progressDrawing } from "../progress/progressDrawing.ts";
import { requestFollower } from "../progress/requestFollower.ts";
import type { Workspace } from "../stack/workspace.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface WatchOptions extends CommonOptions {
  readonly source: string;
}

const PAGE = 200;
const ROWS = 50;

/** `granary watch`: follows a request, or all that are open, until they have ended. */
export function watchCommand(): Command {
  return describedCommand("watch", "follow a request, or everything that is open, until it has ended", [
    ["granary watch items-1a2b3c4d5e6f", "one request; exit code 0 if every item succeeded"],
    ["granary watch", "all requests that are open now"],
    ["granary watch r1 --json", "one JSON line for each change, and the request at the end"],
  ])
    .argument("[request]", "the request's id (default: all that are open)")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .action(ending(watch));
}

async function watch(name: string | undefined, options: WatchOptions): Promise<ExitCode> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const { store } = workspace;
  const ids =
    name === undefined
      ? await openRequests(workspace)
      : [(await findRequest(workspace, name, options.source)).id];
  if (ids.length === 0) {
    out.note("nothing is open");
    return EXIT.fine;
  }
  const drawing = progressDrawing(out, { jsonLines: true });
  const { counts, items } = await followRequests(workspace, requestFollower(workspace, ids), drawing);
  const ended: RequestDoc[] = [...(await store.loadMany("request", ids.slice(0, ROWS)))];
  if (out.json) out.line(JSON.stringify({ requests: ended.map(requestSummary) }));
  else out.table(RESULT_HEAD, ended.map(resultRow));
  return counts.succeeded === items.total ? EXIT.fine : EXIT.failed;
}

async function openRequests({ store }: Workspace): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await store.requests(
      { states: ["accepted", "running", "closing"] },
      { after: ids.at(-1), limit: PAGE },
    );
    ids.push(...page.map(({ id }) => id));
    if (page.length < PAGE) return ids;
  }
}
