import type {
  AccountMode,
  Artifacts,
  Cut,
  Dialect,
  Item,
  LineRef,
  Outcome,
  RequestDoc,
  Results,
} from "@granary/domain";
import { modeOf } from "@granary/domain";
import { accountOf } from "@granary/runtime";
import { readLines } from "@granary/providers";
import { putOwn } from "./putOwn.ts";
import { rawAnswerOf, rawRuns } from "./rawRuns.ts";
import { BULK, INLINE_RESULT_BYTES } from "./settings.ts";
import type { HarvesterDeps } from "./settings.ts";

/** One line of a request's canonical results. */
export interface ResultRow {
  readonly key: string;
  readonly status: Outcome["status"];
  readonly reason?: Outcome["reason"];
  readonly error?: Outcome["error"];
  readonly finish?: string;
  /** Text, or the parsed value where a schema was asked for. */
  readonly output?: unknown;
  readonly usage: Outcome["usage"];
  readonly costMicros: number | null;
  readonly provider: string;
  readonly account: string;
  /** The account's. */
  readonly mode: AccountMode;
  readonly model: string;
  readonly attempt: number;
  readonly taskId: string | null;
  readonly raw?: LineRef;
}

/**
 * Writes a request's results in input order, a page at a time: inline where they are small, otherwise to
 * `<request>/results-<revision>.jsonl`.
 */
export async function writeResults(
  deps: HarvesterDeps,
  request: RequestDoc,
  revision: number,
): Promise<Results> {
  const first = await smallResults(deps, request);
  if (first) return { inline: first };
  async function* encoded(): AsyncGenerator<Uint8Array> {
    for await (const rows of resultRows(deps, request))
      yield Buffer.from(`${rows.map((row) => JSON.stringify(row)).join("\n")}\n`);
  }
  return putOwn(deps.artifacts, `${request.id}/results-${revision}.jsonl`, encoded);
}

/** All rows, where they fit inline; null as soon as they do not. */
async function smallResults(deps: HarvesterDeps, request: RequestDoc): Promise<readonly ResultRow[] | null> {
  if (request.itemCount > BULK) return null;
  const all: ResultRow[] = [];
  let bytes = 0;
  for await (const rows of resultRows(deps, request))
    for (const row of rows) {
      bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
      if (bytes > INLINE_RESULT_BYTES) return null;
      all.push(row);
    }
  return all;
}

/** The rows of a request in input order, as many at a time as fit a page and, where answers are long, about a megabyte. */
export async function* resultRows(
  deps: Pick<HarvesterDeps, "store" | "artifacts" | "catalogue">,
  request: RequestDoc,
): AsyncGenerator<readonly ResultRow[]> {
  const { dialect, settings } = accountOf(deps, request.account);
  let keys: { readonly to: number; readonly at: ReadonlyMap<number, string> } = { to: 0, at: new Map() };
  let after: number | undefined;
  for (;;) {
    const page = await deps.store.outcomes(request.id, { after, limit: BULK });
    for (const { outcomes, span } of rawRuns(page)) {
      const bytes = span ? await bytesOf(deps.artifacts, span) : Buffer.alloc(0);
      const rows: ResultRow[] = [];
      for (const outcome of outcomes) {
        while (outcome.ordinal >= keys.to) keys = await keysAfter(deps.artifacts, request, keys.to);
        const ref = rawAnswerOf(outcome);
        const from = ref && span ? ref.offset - span.offset : 0;
        const output = ref
          ? outputIn(bytes.subarray(from, from + ref.length), dialect, request, ref)
          : outcome.output;
        rows.push({
          key: keys.at.get(outcome.ordinal) ?? "",
          status: outcome.status,
          ...(outcome.reason ? { reason: outcome.reason } : {}),
          ...(outcome.error ? { error: outcome.error } : {}),
          ...(outcome.finish ? { finish: outcome.finish } : {}),
          ...(output === undefined ? {} : { output }),
          usage: outcome.usage,
          costMicros: outcome.costMicros,
          provider: settings.provider,
          account: request.account,
          mode: modeOf(request.account),
          model: request.model,
          attempt: outcome.attempt,
          taskId: outcome.taskId,
          ...(outcome.ref ? { raw: outcome.ref } : {}),
        });
      }
      yield rows;
    }
    after = page.at(-1)?.ordinal;
    if (page.length < BULK) return;
  }
}

/** The callers' keys of the cut that begins at an ordinal. */
async function keysAfter(
  artifacts: Artifacts,
  request: RequestDoc,
  from: number,
): Promise<{ readonly to: number; readonly at: ReadonlyMap<number, string> }> {
  const cut = request.cuts.find((candidate) => candidate.from === from);
  if (!cut) throw new Error(`request ${request.id} has no item ${from}`);
  const items = "inline" in request.input ? request.input.inline : null;
  const at = new Map<number, string>();
  let ordinal = cut.from;
  if (items) for (; ordinal < cut.to; ordinal += 1) at.set(ordinal, items[ordinal]?.key ?? "");
  else for await (const item of itemsOf(artifacts, request, cut)) at.set(ordinal++, item.key);
  return { to: cut.to, at };
}

async function* itemsOf(
  artifacts: Artifacts,
  request: RequestDoc,
  { offset, length }: Cut,
): AsyncGenerator<Item> {
  if ("inline" in request.input) return;
  for await (const lines of readLines(artifacts.read(request.input.path, { offset, length })))
    for (const { text } of lines) yield JSON.parse(text ?? "null") as Item;
}

async function bytesOf(artifacts: Artifacts, span: LineRef): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifacts.read(span.path, span)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An answer too long for its row, from the raw line it came in. */
function outputIn(bytes: Buffer, dialect: Dialect, request: RequestDoc, ref: LineRef): unknown {
  const line = dialect.decode(bytes.toString("utf8"));
  if (line.type !== "answer") throw new Error(`${ref.path} has no answer at ${ref.offset}`);
  const text = line.text ?? "";
  return request.output.type === "json_schema" && line.finish !== "tool_calls"
    ? (JSON.parse(text) as unknown)
    : text;
}
