import type { Command } from "commander";
import { Option } from "commander";
import type { RequestDoc } from "@granary/domain";
import { requestSummary } from "../describeRequest.ts";
import { describedCommand, ending } from "../command.ts";
import { wholeCount } from "../countOption.ts";
import { openGranary } from "../openGranary.ts";
import { taskGroupsOf } from "../progress/requestFollower.ts";
import type { TaskGroup } from "../progress/requestFollower.ts";
import { count, instant, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";
import { attentionOf } from "../progress/followRequests.ts";

interface ListOptions extends CommonOptions {
  readonly source?: string;
  readonly state?: RequestDoc["state"];
  readonly limit: number;
}

const PAGE = 200;

/** `granary list`: requests, newest first. */
export function listCommand(): Command {
  return describedCommand("list", "list requests, newest first, and what they wait for", [
    ["granary list", "the newest 50"],
    ["granary list --state running --source nightly", "what one source has under way"],
    ["granary list --json | jq '.requests[].requestId'", "for scripts"],
  ])
    .option("--source <source>", "only of this source")
    .addOption(
      new Option("--state <state>", "only in this state").choices([
        "accepted",
        "running",
        "closing",
        "ended",
      ]),
    )
    .option("--limit <number>", "how many at most", wholeCount, 50)
    .action(ending(list));
}

async function list(options: ListOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const { store } = workspace;
  const { newest, total } = await newestRequests(store, options);
  const groups = new Map<string, readonly TaskGroup[]>();
  for (const { id, state } of newest) if (state !== "ended") groups.set(id, await taskGroupsOf(store, id));
  if (out.json) {
    const requests = newest.map((request) => ({
      ...request,
      tasks: (groups.get(request.id) ?? []).map(({ lastError: _error, ...group }) => group),
    }));
    out.document({ requests, total });
    return;
  }
  if (newest.length === 0) return out.note("there is no such request: granary submit FILE makes one");
  out.table(
    ["request", "source", "state", "items", "succeeded", "failed", "cost", "accepted", "waits for"],
    newest.map((request) => [
      request.requestId,
      request.source,
      request.result ? `${request.state}: ${request.result}` : request.state,
      count(request.items),
      request.counts ? count(request.counts.succeeded) : "-",
      request.counts ? count(request.counts.failed) : "-",
      request.counts ? money(request.costMicros) : "-",
      instant(request.acceptedAt),
      waitsForText(request.waitsFor, groups.get(request.id) ?? []),
    ]),
  );
  if (total > newest.length) out.note(`the newest ${newest.length} of ${count(total)}: --limit shows more`);
  for (const text of new Set([...groups.values()].flatMap(attentionOf))) out.note(text);
}

function waitsForText(own: RequestDoc["waitsFor"], groups: readonly TaskGroup[]): string {
  const reasons = new Set(groups.flatMap(({ waitsFor }) => waitsFor ?? []));
  if (own) reasons.add(own);
  return reasons.size === 0 ? "-" : [...reasons].join(", ");
}

/** The newest requests that fit, in memory bounded by the limit. */
async function newestRequests(
  store: Awaited<ReturnType<typeof openGranary>>["store"],
  { source, state, limit }: ListOptions,
) {
  let newest: ReturnType<typeof requestSummary>[] = [];
  let total = 0;
  let after: string | undefined;
  for (;;) {
    const page = await store.requests(
      { ...(source === undefined ? {} : { source }), ...(state === undefined ? {} : { states: [state] }) },
      { after, limit: PAGE },
    );
    total += page.length;
    newest = [...newest, ...page.map(requestSummary)]
      .toSorted((a, b) => b.acceptedAt - a.acceptedAt || (a.id < b.id ? -1 : 1))
      .slice(0, limit);
    after = page.at(-1)?.id;
    if (page.length < PAGE) return { newest, total };
  }
}
