import type { Command } from "commander";
import { addUpCosts } from "../cost/addUpCosts.ts";
import { costGrouping, groupingText, NO_GROUP, SHARED_GROUP } from "../cost/costGrouping.ts";
import type { CostGrouping } from "../cost/costGrouping.ts";
import type { CostSum } from "../cost/costSum.ts";
import { describedCommand, ending } from "../command.ts";
import { wholeCount } from "../countOption.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { instantOption } from "../instantOption.ts";
import { openGranary } from "../openGranary.ts";
import { count, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";
import { repriceCommand } from "./repriceCommand.ts";

interface CostOptions extends CommonOptions {
  readonly by: CostGrouping;
  readonly source?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

const MEANING = `
Requests count from when they ended; a day is the UTC day of that. Where a part of the cost is not known (no price of a
model), what is known is shown as ">= $x, n unknown". Unused money was paid and is nobody's: late lines of what was
cancelled, and surplus jobs; where several requests shared such a job it stands under ${SHARED_GROUP}.`;

/** `granary cost`: what ended requests cost, by what one likes; `cost reprice` prices ended tasks anew. */
export function costCommand(): Command {
  return describedCommand("cost", "add up what ended requests cost, by source, day, model and so on", [
    ["granary cost", "by source"],
    ["granary cost --by day --since 2026-01-01 --until 2026-02-01", "January, day by day"],
    ["granary cost --by metadata:team --source nightly", "by what callers noted"],
    ["granary cost items-1a2b3c4d5e6f --json", "one request, in whole micro-dollars"],
    ["granary cost reprice", "what would be priced anew; --yes asks for it"],
  ])
    .argument("[request]", "only this request, which must have ended")
    .option(
      "--by <group>",
      "request, source, day, model, provider, account or metadata:KEY",
      costGrouping,
      "source",
    )
    .option("--source <source>", "only of this source (of a request that is named: cli where left out)")
    .option("--since <instant>", "only what ended then or later: a UTC day or an instant", instantOption)
    .option("--until <instant>", "only what ended before: a UTC day or an instant", instantOption)
    .option("--limit <number>", "how many groups at most, those with the most money", wholeCount, 1000)
    .addHelpText("after", MEANING)
    .enablePositionalOptions()
    .helpCommand(false)
    .addCommand(repriceCommand())
    .action(ending(cost));
}

async function cost(name: string | undefined, options: CostOptions): Promise<void> {
  const out = terminal(options);
  const { by, source, since, until, limit } = options;
  if (since !== undefined && until !== undefined && since >= until)
    throw new Failure(EXIT.wrongInput, "--since has to be before --until: nothing ends in between");
  await using workspace = await openGranary(options);
  const request =
    name === undefined ? undefined : await findRequest(workspace, name, source ?? DEFAULT_SOURCE);
  if (request && request.state !== "ended")
    throw new Failure(
      EXIT.failed,
      `${request.requestId} has not ended, it is ${request.state}: granary show ${request.requestId} tells how far it is`,
    );
  const { groups, omitted, total, open } = await addUpCosts(workspace.store, {
    by,
    source,
    sinceAt: since,
    untilAt: until,
    request,
    limit,
  });
  if (out.json) {
    out.document({
      by: groupingText(by),
      groups: groups.map(([group, sum]) => ({ group, ...told(sum) })),
      omitted,
      total: told(total),
      open,
    });
    return;
  }
  if (groups.length === 0) out.note("no request has ended there: nothing was spent that is known");
  else
    out.table(
      [groupingText(by), ...HEAD],
      [...groups, ["total", total] as const].map(([group, sum]) => [group, ...cells(sum)]),
    );
  if (typeof by !== "string" && groups.length > 0 && groups.every(([group]) => isNobodys(group)))
    out.note(`no request has the metadata ${by.metadata}: all stand under ${NO_GROUP}`);
  if (omitted > 0) out.note(`${count(omitted)} more groups are in the total: --limit shows more`);
  if (open > 0) out.note(`${count(open)} requests have not ended and are not in it`);
  if (total.requestsOfUnknownCost > 0)
    out.note(
      `${count(total.requestsOfUnknownCost)} requests have a cost that is not known: add the price to the file of GRANARY_CONFIG, then granary cost reprice`,
    );
}

const HEAD = [
  "requests",
  "items",
  "succeeded",
  "cost",
  "unused",
  "estimate",
  "input",
  "cached",
  "output",
  "reasoning",
] as const;

function cells(sum: CostSum): readonly string[] {
  const { usage } = sum;
  return [
    count(sum.requests),
    count(sum.items),
    count(sum.succeeded),
    sum.requestsOfUnknownCost > 0
      ? `>= ${money(sum.knownCostMicros)}, ${count(sum.itemsOfUnknownCost)} unknown`
      : money(sum.knownCostMicros),
    atLeast(sum.knownUnusedMicros, sum.tasksOfUnknownUnused, "jobs"),
    atLeast(sum.knownEstimateMicros, sum.requestsWithoutEstimate, "requests"),
    count(usage.inputTokens),
    count(usage.cachedTokens),
    count(usage.outputTokens),
    count(usage.reasoningTokens),
  ];
}

function atLeast(knownMicros: number, unknown: number, what: string): string {
  return unknown > 0 ? `>= ${money(knownMicros)}, ${count(unknown)} ${what} unknown` : money(knownMicros);
}

/** A sum for `--json`: a cost is null where a part of it is not known, and what is known stands beside it. */
function told(sum: CostSum) {
  return {
    ...sum,
    costMicros: sum.requestsOfUnknownCost > 0 ? null : sum.knownCostMicros,
    unusedMicros: sum.tasksOfUnknownUnused > 0 ? null : sum.knownUnusedMicros,
    estimateMicros: sum.requestsWithoutEstimate > 0 ? null : sum.knownEstimateMicros,
  };
}

function isNobodys(group: string): boolean {
  return group === NO_GROUP || group === SHARED_GROUP;
}
