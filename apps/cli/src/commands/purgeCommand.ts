import type { Command } from "commander";
import { base32, PURGE_PARTS } from "@granary/domain";
import type { RequestDoc, Retention } from "@granary/domain";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { openRetries, planByRules, planOf, removesAnything } from "../purge/planPurge.ts";
import type { PurgePlan } from "../purge/planPurge.ts";
import { purgeRequest } from "../purge/purgeRequest.ts";
import type { Workspace } from "../stack/workspace.ts";
import { bytes, count, instant } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface PurgeOptions extends CommonOptions {
  readonly source?: string;
  readonly erase?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: string;
}

/** `granary purge`: removes what retention rules let go, or what somebody asks to be erased. */
export function purgeCommand(): Command {
  return describedCommand(
    "purge",
    "remove ended requests' prompts, files and outcomes, by rules or on request",
    [
      ["granary purge", "what the retention rules of the configuration would remove"],
      ["granary purge --yes", "removes it, and finishes what was begun before"],
      ["granary purge r1 --source shop --erase", "what would be erased, and the code"],
      ["granary purge r1 --source shop --erase --confirm k3v9q2ab", "erases it at once, whatever the rules"],
    ],
  )
    .argument("[request...]", "requests to erase, by their ids; needs --erase")
    .option("--source <source>", `only this source (of requests that are named: "${DEFAULT_SOURCE}")`)
    .option("--erase", "erase the named requests now, whatever the rules and their age")
    .option("--dry-run", "only show what would go (the default)")
    .option("--yes", "do it; for rules")
    .option("--confirm <code>", "do it; for --erase, with the code that the first step printed")
    .action(ending(purge));
}

async function purge(names: readonly string[], options: PurgeOptions): Promise<ExitCode> {
  demandSense(names, options);
  const out = terminal(options);
  await using workspace = await openGranary(options);
  // Awaited here, as what was opened is closed on the way out.
  return options.erase ? await erase(out, workspace, names, options) : await byRules(out, workspace, options);
}

/** @throws Failure with everything that does not go together */
function demandSense(names: readonly string[], { erase: erases, dryRun, yes, confirm }: PurgeOptions): void {
  const faults = [
    ...(names.length > 0 && !erases ? ["requests are named: give --erase, or name none"] : []),
    ...(names.length === 0 && erases ? ["--erase needs the ids of requests"] : []),
    ...(erases && yes ? ["--erase is confirmed by its code: --confirm instead of --yes"] : []),
    ...(!erases && confirm !== undefined ? ["--confirm is for --erase: rules are carried out by --yes"] : []),
    ...(dryRun && (yes || confirm !== undefined)
      ? ["--dry-run does nothing: leave out --yes or --confirm"]
      : []),
  ].map((message) => ({ path: "purge", message }));
  if (faults.length > 0) throw new Failure(EXIT.wrongInput, "nothing was done:", faults);
}

async function byRules(
  out: Terminal,
  workspace: Workspace,
  { source, yes = false }: PurgeOptions,
): Promise<ExitCode> {
  const { config, store } = workspace;
  const of = (name: string): Retention => ({ ...config.retention, ...config.sources[name]?.retention });
  if (![of(""), ...Object.keys(config.sources).map(of)].some(removesAnything))
    out.note("no retention is configured: nothing is ever removed by rules (docs/retention.md)");
  const rows: Row[] = [];
  for await (const plan of planByRules({ store }, { of, source }))
    rows.push(yes ? await carryOut(workspace, plan, "rules") : { plan, state: stateOf(plan) });
  show(out, rows, yes);
  return yes && rows.some(({ left }) => left) ? EXIT.failed : EXIT.fine;
}

async function erase(
  out: Terminal,
  workspace: Workspace,
  names: readonly string[],
  { source = DEFAULT_SOURCE, confirm }: PurgeOptions,
): Promise<ExitCode> {
  const { store, deps } = workspace;
  const retries = await openRetries(store);
  const plans: PurgePlan[] = [];
  for (const name of names) {
    const request = await findRequest(workspace, name, source);
    plans.push(await planOf(store, request, PURGE_PARTS, { retries, requireExport: false }));
  }
  const faults = plans.flatMap(({ request, blocks }) =>
    blocks.map((message) => ({ path: request.requestId, message })),
  );
  if (faults.length > 0)
    throw new Failure(EXIT.wrongInput, "this cannot be erased; nothing was done:", faults);
  const seen = plans.map(({ request: { id, endedAt } }) => [id, endedAt]);
  const code = base32(
    deps.ids
      .sha256()
      .update(JSON.stringify(["erase", seen]))
      .hex(),
    8,
  );
  if (confirm !== undefined && confirm !== code)
    throw new Failure(EXIT.wrongInput, `the code ${confirm} does not fit these requests; nothing was done`);
  const rows: Row[] = [];
  for (const plan of plans)
    rows.push(
      confirm === undefined ? { plan, state: stateOf(plan) } : await carryOut(workspace, plan, "erase"),
    );
  show(out, rows, confirm !== undefined, confirm === undefined ? code : undefined);
  return confirm !== undefined && rows.some(({ left }) => left) ? EXIT.failed : EXIT.fine;
}

interface Row {
  readonly plan: PurgePlan;
  readonly state: string;
  /** It was to go, and is not all gone. */
  readonly left?: boolean;
}

function stateOf({ blocks, pending }: PurgePlan): string {
  if (blocks.length > 0) return `stays: ${blocks.join("; ")}`;
  return pending ? "was begun, would be finished" : "would go";
}

async function carryOut({ store, artifacts, deps }: Workspace, plan: PurgePlan, why: string): Promise<Row> {
  const { request, what, blocks } = plan;
  if (blocks.length > 0) return { plan, state: stateOf(plan) };
  const left = await purgeRequest({ store, artifacts }, request, what);
  const ids = { requestId: request.id, source: request.source, what: [...what], why };
  if (left === null) deps.log.warn(ids, "request purged");
  else deps.log.warn({ ...ids, left }, "purge not finished");
  return left === null
    ? { plan, state: "gone" }
    : { plan, state: `not finished: ${left}; purge again`, left: true };
}

function show(out: Terminal, rows: readonly Row[], done: boolean, code?: string): void {
  if (out.json)
    return out.document({
      done,
      requests: rows.map(({ plan, state }) => ({ ...summary(plan), state })),
      ...(code === undefined ? {} : { confirm: code }),
    });
  if (rows.length > 0)
    out.table(
      ["request", "source", "ended", "what", "at most", "state"],
      rows.map(({ plan: { request, what, bytes: size }, state }) => [
        request.requestId,
        request.source,
        instant(request.endedAt),
        whatOf(request, what).join(", "),
        bytes(size),
        state,
      ]),
    );
  if (code !== undefined)
    out.line(`nothing was changed; to erase them for good, repeat it with --confirm ${code}`);
  else if (!done && rows.length > 0) out.note("nothing was changed: --yes does it");
  out.note(`${count(rows.length)} ${rows.length === 1 ? "request" : "requests"}`);
}

/** Of what was begun before, that; otherwise what is to go now. */
function whatOf({ purged }: RequestDoc, what: PurgePlan["what"]): PurgePlan["what"] {
  return what.length > 0 ? what : (purged?.what ?? []);
}

function summary({ request, what, bytes: size, blocks, pending }: PurgePlan) {
  const { id, source, requestId, endedAt } = request;
  return { id, source, requestId, endedAt, what: whatOf(request, what), bytes: size, blocks, pending };
}
