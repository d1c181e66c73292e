import type { Cut, Outcome, RequestDoc } from "@granary/domain";
import { ArtifactMissing, canonicalJson, isPurged, modeOf, outcomeId } from "@granary/domain";
import type { Checking } from "./checking.ts";
import { isPurgedPath } from "./checkPurged.ts";
import type { Notebook } from "./notebook.ts";
import { expectedRow, keysOf, resultReader } from "./resultRows.ts";

/** Holds the results of a request against its outcomes, in input order. */
export interface ResultCheck {
  part(cut: Cut, outcomes: readonly Outcome[]): Promise<void>;
  end(): Promise<void>;
}

/** The check of an ended request's results (V2); null where they are missing, which is a finding. */
export function resultCheck(checking: Checking, note: Notebook, request: RequestDoc): ResultCheck | null {
  const reader = resultReader(checking, note, request);
  const ids = { request: request.id };
  if (!reader) {
    note.found("V2", request.id, "has ended without results", ids);
    return null;
  }
  let short = false;
  return {
    async part(cut, outcomes) {
      const keys = isPurged(request, "prompts")
        ? null
        : await keysOf(checking.deps.artifacts, request, cut).catch(forgiveMissing);
      if (keys && keys.size !== cut.to - cut.from)
        note.found(
          "V6",
          request.id,
          `its input has ${keys.size} items where ${cut.to - cut.from} were cut`,
          ids,
        );
      for (const outcome of outcomes) {
        if (short) return;
        const id = outcomeId(request.id, outcome.ordinal);
        const about = { ...ids, ordinal: outcome.ordinal };
        note.checked("V2");
        const row = await reader.next();
        if (row === undefined) {
          short = true;
          // A copy of the store from before the purge: told where the file was looked for.
          if (
            request.results &&
            "path" in request.results &&
            (await isPurgedPath(checking, request.results.path))
          )
            return;
          return note.found("V2", id, "is missing in the results, with all that follow", about);
        }
        if (row === null) {
          note.found("V2", id, "has a row in the results that cannot be read", about);
          continue;
        }
        // Rows of old do not tell the mode.
        const { output, mode = modeOf(request.account), ...rest } = row;
        // Without the input nothing is known of the keys; that is told elsewhere.
        const key = keys ? keys.get(outcome.ordinal) : (rest["key"] as string | undefined);
        if (rest["key"] !== key)
          note.found("V2", id, `has key ${String(rest["key"])} in the results, not ${String(key)}`, about);
        else if (
          mode !== modeOf(request.account) ||
          canonicalJson(rest) !== expectedRow(request, outcome, key)
        )
          note.found("V2", id, "is another in the results than in its outcome", about);
        else if (!(await sameAnswer(checking, request, outcome, output)))
          note.found("V2", id, "has another answer in the results", about);
      }
    },
    async end() {
      if (!short && (await reader.next()) !== undefined)
        note.found("V2", request.id, "has more results than outcomes", ids);
    },
  };
}

/** A long answer is not in its outcome: it is read from the raw line. */
async function sameAnswer(
  { deps }: Checking,
  request: RequestDoc,
  { status, output, ref }: Outcome,
  told: unknown,
): Promise<boolean> {
  if (output !== undefined || status !== "succeeded" || !ref)
    return canonicalJson(output ?? null) === canonicalJson(told ?? null);
  const dialect = deps.accounts?.get(request.account)?.dialect;
  if (!dialect) return told !== undefined;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of deps.artifacts.read(ref.path, ref)) chunks.push(chunk);
  } catch (error) {
    // A raw file that is gone is told with its task.
    if (error instanceof ArtifactMissing) return true;
    throw error;
  }
  const line = dialect.decode(Buffer.concat(chunks).toString("utf8"));
  if (line.type !== "answer") return false;
  const structured = request.output.type === "json_schema" && line.finish !== "tool_calls";
  try {
    const answer: unknown = structured ? JSON.parse(line.text ?? "") : (line.text ?? "");
    return canonicalJson(answer) === canonicalJson(told ?? null);
  } catch {
    return false;
  }
}

function forgiveMissing(error: unknown): null {
  if (error instanceof ArtifactMissing) return null;
  throw error;
}
