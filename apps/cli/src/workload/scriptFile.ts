import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Fault, Item, SubmitHeader } from "@granary/domain";
import { canonicalJson } from "@granary/domain";
import { readLines } from "@granary/providers";
import { EXIT, Failure } from "../failure.ts";
import { FORMS_TEXT, formOf, readScriptLine } from "./scriptLine.ts";

/** The input file of somebody's own batch job, read as items in the order of its lines. */
export interface ScriptFile {
  readonly path: string;
  /** Whose form its lines have. */
  readonly provider: SubmitHeader["provider"];
  /** What its lines call the request that an item calls `body`. */
  readonly bodyName: string;
  /** What its lines name, where they do. */
  readonly endpoint: string | null;
  readonly model: string | null;
  /** Of the items as lines: an item stands in the line in which it stands in the file. */
  readonly bytes: number;
  readonly sha256: string;
  /** Every fault of its lines, with their numbers. */
  readonly faults: readonly Fault[];
  itemBytes(): AsyncGenerator<Uint8Array>;
  items(): Promise<readonly Item[]>;
}

type Form = NonNullable<ReturnType<typeof formOf>>;

/**
 * Reads a script's input file once, in bounded memory. Whose form it has follows from its first line.
 * @param isTyped see readScriptLine
 * @throws Failure where it cannot be read, or is of no form that is known
 */
export async function scanScript(path: string, isTyped: boolean): Promise<ScriptFile> {
  const faults: Fault[] = [];
  const hash = createHash("sha256");
  let bytes = 0;
  let form: Form | null = null;
  let endpoint: string | null = null;
  let model: string | null = null;
  for await (const { number, text } of linesOf(path)) {
    if (text?.trim() === "") {
      bytes += take(hash, "\n");
      continue;
    }
    const place = `line ${number}`;
    const value = parsed(text, place);
    if ("fault" in value) {
      faults.push(value.fault);
      continue;
    }
    form ??= formOf(value.json);
    if (!form) {
      faults.push({ path: place, message: `has the form of no provider's batch: ${FORMS_TEXT}` });
      continue;
    }
    const line = readScriptLine(value.json, place, form, isTyped);
    if (!("item" in line)) {
      faults.push(...line);
      continue;
    }
    endpoint ??= line.endpoint;
    model ??= line.model;
    if (line.endpoint !== endpoint)
      faults.push({
        key: line.item.key,
        path: `${place}.url`,
        message: `is ${line.endpoint}, the lines before have ${endpoint}: a job has one endpoint`,
      });
    bytes += take(hash, `${canonicalJson(line.item)}\n`);
  }
  if (!form)
    throw new Failure(EXIT.wrongInput, `${path} is no input file of a batch job: ${FORMS_TEXT}`, faults);
  const known: Form = form;

  /** The items by their lines; null for a line without one. */
  async function* each(): AsyncGenerator<Item | null> {
    for await (const { text } of linesOf(path)) {
      const value = text?.trim() === "" ? null : parsed(text, "");
      const line = value && "json" in value ? readScriptLine(value.json, "", known, isTyped) : null;
      yield line && "item" in line ? line.item : null;
    }
  }
  return {
    path,
    provider: known.provider,
    bodyName: known.body,
    endpoint,
    model,
    bytes,
    sha256: hash.digest("hex"),
    faults,
    async *itemBytes() {
      for await (const item of each()) yield Buffer.from(item ? `${canonicalJson(item)}\n` : "\n");
    },
    async items() {
      const items: Item[] = [];
      for await (const item of each()) if (item) items.push(item);
      return items;
    },
  };
}

function take(hash: ReturnType<typeof createHash>, text: string): number {
  hash.update(text);
  return Buffer.byteLength(text);
}

function parsed(text: string | null, path: string): { readonly json: unknown } | { readonly fault: Fault } {
  if (text === null) return { fault: { path, message: "is not UTF-8, or too long" } };
  try {
    return { json: JSON.parse(text) as unknown };
  } catch (error) {
    const why = (error as Error).message.replace(/ \(line 1 column (\d+)\)/, " (column $1)");
    return { fault: { path, message: `is no JSON: ${why}` } };
  }
}

async function* linesOf(
  path: string,
): AsyncGenerator<{ readonly number: number; readonly text: string | null }> {
  let number = 0;
  try {
    for await (const lines of readLines(createReadStream(path) as AsyncIterable<Uint8Array>))
      for (const { text } of lines) yield { number: ++number, text };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = { ENOENT: "there is no such file", EISDIR: "is a folder" }[code] ?? message;
    throw new Failure(EXIT.wrongInput, `cannot read ${path}: ${why}`, [], { cause: error });
  }
}
