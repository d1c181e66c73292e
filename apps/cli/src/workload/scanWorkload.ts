import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Fault } from "@granary/domain";
import { readLines } from "@granary/providers";
import type { Line } from "@granary/providers";
import { EXIT, Failure } from "../failure.ts";

/** A part of a workload file that is one request, or one for each item. */
export interface Section {
  /** Fields of the `request` line; none where the section has no such line. */
  readonly header: Readonly<Record<string, unknown>>;
  /** Number of the `request` line; null where there is none. */
  readonly headerLine: number | null;
  /** Whether each item is a request of its own. */
  readonly each: boolean;
  /** Number of the first line after the header, and where its bytes begin and the section's end. */
  readonly firstLine: number;
  readonly from: number;
  readonly to: number;
  /** Of the bytes between. */
  readonly sha256: string;
  /** Lines that are not blank. */
  readonly lines: number;
}

export interface Workload {
  readonly path: string;
  readonly sections: readonly Section[];
  /** Faults of `request` lines; items are not looked at yet. */
  readonly faults: readonly Fault[];
}

/**
 * Finds the requests in a workload file, in one pass and bounded memory. A line with a `request` object begins a
 * request, and the items below belong to it; items above the first such line are a request without one.
 * @throws Failure where the file cannot be read
 */
export async function scanWorkload(path: string): Promise<Workload> {
  const sections: Section[] = [];
  const faults: Fault[] = [];
  let open = openSection({}, null, false, 1);
  let number = 0;
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    for await (const lines of readLines(counted()))
      for (const line of lines) {
        number += 1;
        const header = headerOf(line, number, faults);
        if (!header) {
          open.take(line);
          continue;
        }
        // Without a header and without an item it is only what stands before the first header.
        if (open.headerLine !== null || open.lines() > 0) sections.push(open.close(line.offset));
        open = openSection(header.request, number, header.each, number + 1);
      }
    sections.push(open.close(size));
    for (const [index, section] of sections.entries()) sections[index] = await hashed(path, section);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof Failure) throw error;
    const why = { ENOENT: "there is no such file", EISDIR: "is a folder" }[code] ?? message;
    throw new Failure(EXIT.wrongInput, `cannot read ${path}: ${why}`, [], { cause: error });
  }
  return { path, sections, faults };
}

function openSection(header: Section["header"], headerLine: number | null, each: boolean, firstLine: number) {
  let lines = 0;
  let from: number | null = null;
  return {
    headerLine,
    lines: () => lines,
    take({ text, offset }: Line): void {
      from ??= offset;
      if (text === null || text.trim() !== "") lines += 1;
    },
    close: (to: number): Section => ({
      header,
      headerLine,
      each,
      firstLine,
      to,
      lines,
      from: from ?? to,
      sha256: "",
    }),
  };
}

/** What a `request` line says; null where the line is none. Faults of its form are noted. */
function headerOf(
  { text }: Line,
  number: number,
  faults: Fault[],
): { readonly request: Section["header"]; readonly each: boolean } | null {
  // Looking is cheaper than parsing, and a million items are parsed where they are checked.
  if (!text?.includes('"request"')) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "request")) return null;
  const { request, each = false, ...others } = value as Record<string, unknown>;
  const path = `line ${number}`;
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    faults.push({ path: `${path}.request`, message: "is no object: it holds the fields of the request" });
    return { request: {}, each: each === true };
  }
  if (typeof each !== "boolean")
    faults.push({
      path: `${path}.each`,
      message: "is true or false: whether each item is a request of its own",
    });
  for (const name of Object.keys(others))
    faults.push({
      path: `${path}.${name}`,
      message: "stands beside request only each; fields go into request",
    });
  return { request: request as Section["header"], each: each === true };
}

async function hashed(path: string, section: Section): Promise<Section> {
  const hash = createHash("sha256");
  for await (const chunk of sectionBytes(path, section)) hash.update(chunk);
  return { ...section, sha256: hash.digest("hex") };
}

/** The section's bytes as they lie in the file. */
export async function* sectionBytes(
  path: string,
  { from, to }: Pick<Section, "from" | "to">,
): AsyncGenerator<Uint8Array> {
  if (to > from) yield* createReadStream(path, { start: from, end: to - 1 }) as AsyncIterable<Uint8Array>;
}
