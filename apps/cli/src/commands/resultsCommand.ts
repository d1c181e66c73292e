import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { Option } from "commander";
import type { OutcomeStatus, RequestDoc } from "@granary/domain";
import { OUTCOME_STATUSES } from "@granary/domain";
import type { ResultRow } from "@granary/harvester";
import { readLines } from "@granary/providers";
import { describedCommand, ending } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface ResultsOptions extends CommonOptions {
  readonly source: string;
  readonly output?: string;
  readonly status?: OutcomeStatus;
  readonly format: "jsonl" | "table";
  readonly exported?: boolean;
}

const LONGEST_CELL = 60;
/** A table's columns are only known once all its rows are. */
const TABLE_ROWS = 1_000;

/** `granary results REQUEST`: every item's outcome, in input order. */
export function resultsCommand(): Command {
  return describedCommand("results", "write a request's results, one JSON line an item, in input order", [
    ["granary results items-1a2b3c4d5e6f > answers.jsonl", "to the standard output"],
    ["granary results r1 --source nightly --output answers.jsonl", "to a file, complete or not at all"],
    [
      "granary results r1 --output answers.jsonl --exported",
      "and say that they are out: retention may remove them",
    ],
    ["granary results r1 --status failed --format table", "what failed, to read"],
  ])
    .argument("<request>", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .option("--output <file>", "write to a file")
    .addOption(new Option("--status <status>", "only items that ended so").choices([...OUTCOME_STATUSES]))
    .option("--exported", "mark the request as exported once all of its results are written")
    .addOption(
      new Option("--format <format>", "jsonl, or table to read (--json is jsonl)")
        .choices(["jsonl", "table"])
        .default("jsonl"),
    )
    .action(ending(results));
}

async function results(name: string, options: ResultsOptions): Promise<void> {
  const out = terminal(options);
  if (options.exported && (options.status !== undefined || options.format === "table"))
    throw new Failure(EXIT.wrongInput, "--exported is for whole results: leave out --status and --format");
  await using workspace = await openGranary(options);
  const request = await findRequest(workspace, name, options.source);
  if (request.purged?.what.includes("outcomes"))
    throw new Failure(EXIT.failed, `the results of ${request.requestId} were purged: they are gone for good`);
  if (request.state !== "ended")
    throw new Failure(
      EXIT.failed,
      `${request.requestId} has not ended, it is ${request.state}: granary watch ${request.requestId} waits for it`,
    );
  const lines = resultLines(workspace, request, options.status);
  if (options.format === "table" && !out.json) return showTable(out, lines);
  if (options.output === undefined) {
    await pipeline(lines, process.stdout, { end: false });
    await markExported(workspace, request, options);
    return undefined;
  }
  const unfinished = `${options.output}.${process.pid}.unfinished`;
  try {
    await pipeline(lines, createWriteStream(unfinished));
    await rename(unfinished, options.output);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new Failure(EXIT.failed, `cannot write ${options.output}: ${(error as Error).message}`, [], {
      cause: error,
    });
  }
  await markExported(workspace, request, options);
  out.note(`wrote ${options.output}`);
}

/** Said after the last byte was taken, and only then. */
async function markExported(
  { store }: Workspace,
  { id }: RequestDoc,
  { exported = false }: ResultsOptions,
): Promise<void> {
  if (exported) await store.signal("request", [id], { type: "exported", at: await store.now() });
}

/** The result rows as text, whole lines at a time. */
async function* resultLines(
  { artifacts }: Workspace,
  { results: stored }: RequestDoc,
  status: OutcomeStatus | undefined,
): AsyncGenerator<string> {
  if (stored === null) return;
  if ("inline" in stored) {
    for (const row of stored.inline as readonly ResultRow[])
      if (status === undefined || row.status === status) yield `${JSON.stringify(row)}\n`;
    return;
  }
  for await (const lines of readLines(artifacts.read(stored.path))) {
    let text = "";
    for (const line of lines)
      if (status === undefined || (JSON.parse(line.text ?? "{}") as Partial<ResultRow>).status === status)
        text += `${line.text ?? ""}\n`;
    if (text !== "") yield text;
  }
}

async function showTable(out: Terminal, lines: AsyncIterable<string>): Promise<void> {
  const rows: string[][] = [];
  let more = 0;
  for await (const text of lines)
    for (const line of text.split("\n"))
      if (line === "") continue;
      else if (rows.length < TABLE_ROWS) rows.push(cellsOf(JSON.parse(line) as ResultRow));
      else more += 1;
  out.table(["key", "status", "reason", "output or error", "cost", "account"], rows);
  if (more > 0) out.note(`… and ${more} more: leave out --format for all of them`);
}

function cellsOf({ key, status, reason, output, error, costMicros, account }: ResultRow): string[] {
  const said =
    output === undefined
      ? (error?.message ?? "")
      : typeof output === "string"
        ? output
        : JSON.stringify(output);
  const short = said.replaceAll(/\s+/g, " ");
  return [
    key,
    status,
    reason ?? "",
    short.length > LONGEST_CELL ? `${short.slice(0, LONGEST_CELL - 1)}…` : short,
    money(costMicros),
    account,
  ];
}
