import type { Command } from "commander";
import type { Price, RequestDoc, Slice } from "@granary/domain";
import { addCosts, parsePoolKey, planTasks, priceOf, slicesOfCuts } from "@granary/domain";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, failureText, Failure } from "../failure.ts";
import { commandConfig } from "../openGranary.ts";
import { catalogueOf } from "@granary/host";
import { count, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";
import { checkWorkload } from "../workload/checkWorkload.ts";
import { withHeaderOptions } from "../workload/headerOptions.ts";
import { spooledInput } from "../workload/spooledInput.ts";
import { flagsOf } from "../workload/workloadHeader.ts";
import type { HeaderFlags } from "../workload/workloadHeader.ts";

/** Rows of the table; of more requests only the sums are told. */
const ROWS = 50;

/** A request as it would be accepted. */
interface PlannedRequest {
  readonly requestId: string;
  readonly source: string;
  readonly account: string;
  readonly model: string;
  readonly items: number;
  readonly slices: number;
  /** Provider jobs that carry its slices; jobs are shared between requests. */
  tasks: number;
  readonly inputTokens: number;
  /** What the input alone costs, and what it costs with the longest answers. */
  readonly costMicros: { readonly least: number | null; readonly most: number | null };
}

/** `granary plan FILE`: what `submit` would do, without doing it. */
export function planCommand(): Command {
  return withHeaderOptions(
    describedCommand("plan", "tell what submitting a file would do and cost; nothing is written", [
      ["granary plan workload.jsonl", "every request: items, jobs, tokens, cost, faults"],
      ["granary plan items.jsonl --model gpt-4.1-mini --json", "the same as JSON"],
    ]).argument("<file>", "JSON Lines file, or - for the standard input"),
  ).action(ending(plan));
}

async function plan(file: string, options: CommonOptions & HeaderFlags): Promise<ExitCode> {
  const out = terminal(options);
  const catalogue = catalogueOf(commandConfig());
  await using input = await spooledInput(file);
  const requests = new Map<string, PlannedRequest>();
  const slices: Slice[] = [];
  const { faults } = await checkWorkload(input.path, flagsOf(options), catalogue, (doc) => {
    const cut = slicesOfCuts(doc);
    slices.push(...cut);
    requests.set(
      doc.id,
      plannedRequest(
        doc,
        cut,
        priceOf(catalogue.prices, doc.provider, doc.model, doc.acceptedAt, doc.account),
      ),
    );
    return [];
  });
  const tasks = countTasks(
    slices,
    requests,
    (account) => catalogue.accounts.get(account)?.settings.limits.job,
  );
  const all = [...requests.values()];
  const least = all.reduce((sum: number | null, { costMicros }) => addCosts(sum, costMicros.least), 0);
  const most = all.reduce((sum: number | null, { costMicros }) => addCosts(sum, costMicros.most), 0);
  const totals = {
    requests: all.length,
    items: all.reduce((sum, { items }) => sum + items, 0),
    slices: slices.length,
    tasks,
    inputTokens: all.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    costMicros: { least, most },
  };
  if (out.json) out.document({ requests: all, totals, faults });
  else {
    if (all.length > 0)
      out.table(HEAD, [...all.slice(0, ROWS).map(row), row({ ...totals, requestId: "all" })]);
    if (all.length > ROWS) out.note(`… of ${count(all.length)} requests the first ${ROWS} are shown`);
    if (faults.length > 0) out.note(failureText(new Failure(EXIT.wrongInput, `${file} has faults:`, faults)));
  }
  return faults.length > 0 ? EXIT.wrongInput : EXIT.fine;
}

const HEAD = ["request", "model", "items", "slices", "jobs", "input tokens", "cost"];

function row(request: Omit<PlannedRequest, "source" | "account" | "model"> & { model?: string }) {
  const { least, most } = request.costMicros;
  return [
    request.requestId,
    request.model ?? "",
    count(request.items),
    count(request.slices),
    count(request.tasks),
    count(request.inputTokens),
    most === null ? "unknown" : `${money(least)} to ${money(most)}`,
  ];
}

function plannedRequest(doc: RequestDoc, slices: readonly Slice[], price: Price | undefined): PlannedRequest {
  const inputTokens = slices.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    requestId: doc.requestId,
    source: doc.source,
    account: doc.account,
    model: doc.model,
    items: doc.itemCount,
    slices: slices.length,
    tasks: 0,
    inputTokens,
    costMicros: {
      least: price ? Math.round(inputTokens * price.input * price.batch) : null,
      most: doc.estimateMicros,
    },
  };
}

/** Packs the slices as the packer would if all came at once, and nobody else's with them. */
function countTasks(
  slices: readonly Slice[],
  requests: ReadonlyMap<string, PlannedRequest>,
  limitsOf: (account: string) => Parameters<typeof planTasks>[0]["limits"] | undefined,
): number {
  let tasks = 0;
  for (const [poolKey, pool] of Map.groupBy(slices, (slice) => slice.poolKey)) {
    const limits = limitsOf(parsePoolKey(poolKey).account);
    if (!limits) continue;
    const pending = Map.groupBy(pool, ({ source }) => source);
    const when = { now: Infinity, lingerMs: 0, maxTasks: Infinity };
    const planned = planTasks({ poolLines: [], pending, limits, ...when });
    tasks += planned.tasks.length;
    for (const task of planned.tasks)
      for (const id of new Set(task.map(({ request }) => request))) {
        const request = requests.get(id);
        if (request) request.tasks += 1;
      }
  }
  return tasks;
}
