import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import type { Fault, SubmitHeader } from "@granary/domain";
import { canonicalJson, submitHeader } from "@granary/domain";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE } from "../findRequest.ts";
import type { Section } from "./scanWorkload.ts";

/** What the flags of `submit` and `plan` say about requests whose `request` line does not. */
export interface HeaderFlags {
  readonly id?: string;
  readonly source?: string;
  readonly provider?: string;
  readonly account?: string;
  readonly model?: string;
  readonly endpoint?: string;
  readonly schema?: string;
  readonly priority?: number;
  readonly deadline?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly maxCost?: number;
  readonly isolate?: boolean;
  readonly each?: boolean;
}

/** The flags that describe requests, among all a command was given. */
export function flagsOf(options: HeaderFlags): HeaderFlags {
  const { id, source, provider, account, model, endpoint, schema } = options;
  const { priority, deadline, metadata, maxCost, isolate, each } = options;
  const flags = {
    id,
    source,
    provider,
    account,
    model,
    endpoint,
    schema,
    priority,
    deadline,
    metadata,
    maxCost,
    isolate,
    each,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

/** A request's header with everything filled in, or why not. */
export type ReadHeader = { readonly header: SubmitHeader } | { readonly faults: readonly Fault[] };

/**
 * Fills what a section's `request` line leaves out from the flags.
 * @param several whether the file holds more than one request: then `--id` is only the beginning of their ids
 */
export function workloadHeader(
  path: string,
  section: Section,
  index: number,
  several: boolean,
  flags: HeaderFlags,
): ReadHeader {
  const { id, source, metadata, maxCost, isolate, schema, each: _each, ...named } = flags;
  const draft: Record<string, unknown> = {
    source: source ?? DEFAULT_SOURCE,
    provider: "openai",
    ...named,
    ...(maxCost === undefined ? {} : { maxCostUsd: maxCost }),
    ...(isolate ? { isolate } : {}),
    ...(schema === undefined ? {} : { output: schemaOutput(schema) }),
    ...section.header,
    ...(metadata ? { metadata: { ...metadata, ...(section.header["metadata"] as object | undefined) } } : {}),
  };
  draft["requestId"] ??=
    id === undefined ? idOfContent(path, section, draft) : several ? `${id}-${index + 1}` : id;
  const place = section.headerLine === null ? "" : `line ${section.headerLine}.request.`;
  if (draft["model"] === undefined)
    return {
      faults: [{ path: `${place}model`, message: "is missing: give --model, or model in the request line" }],
    };
  const parsed = submitHeader.safeParse(draft);
  if (parsed.success) return { header: parsed.data };
  return {
    faults: parsed.error.issues.map((issue) => ({
      path: `${place}${issue.path.join(".")}`.replace(/\.$/, "") || "request",
      message: issue.message,
    })),
  };
}

/** The same content asked for in the same way has the same id: submitting a file again is no new request. */
function idOfContent(path: string, { sha256 }: Section, draft: Readonly<Record<string, unknown>>): string {
  const { provider, account, model, endpoint, output } = draft;
  const asked = canonicalJson({ sha256, provider, account, model, endpoint, output });
  const digest = createHash("sha256").update(asked).digest("hex").slice(0, 12);
  const name = basename(path, extname(path)).replaceAll(/[^A-Za-z0-9._-]+/g, "-");
  return `${name.slice(0, 100) || "items"}-${digest}`;
}

/**
 * What answers have to look like, from the file of a JSON Schema.
 * @throws Failure where it cannot be read
 */
export function schemaOutput(path: string): unknown {
  try {
    return { type: "json_schema", schema: JSON.parse(readFileSync(path, "utf8")) as unknown };
  } catch (error) {
    throw new Failure(EXIT.wrongInput, `cannot read the schema ${path}: ${(error as Error).message}`, [], {
      cause: error,
    });
  }
}
