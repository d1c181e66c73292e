import { CHAT, RESPONSES } from "./endpoints.ts";

/** Our name of an endpoint. */
export type EndpointName = typeof CHAT | typeof RESPONSES;

/**
 * How an endpoint that speaks OpenAI's batch API differs from OpenAI's own. What is left out is as at OpenAI. Which
 * provider needs what is told in docs/accounts.md.
 */
export interface OpenAIWire {
  /** The header that carries the key, as it is. `authorization`, with `Bearer` before the key, where left out. */
  readonly keyHeader?: string;
  /** The paths that lines and creates name, by our names. What does not stand here is not offered. */
  readonly endpoints?: Readonly<Partial<Record<EndpointName, string | undefined>>>;
  /** `24h` where left out. */
  readonly completionWindow?: string;
  /** Of an uploaded file; `batch` where left out. */
  readonly purpose?: string;
  /** Where files are uploaded, below the base URL; `/files` where left out. */
  readonly uploadPath?: string;
  /** A field of the upload that has to repeat the file's name. */
  readonly fileNameField?: string;
  /** `whole`: the list of jobs has no pages and shows every job at once. */
  readonly list?: "paged" | "whole";
  /**
   * Where a job shows its tag. `fileName`: the endpoint keeps no metadata, and the job is told by the name of its
   * input file, for which each file is asked once.
   */
  readonly tag?: "metadata" | "fileName";
  /** How chat completions call the most tokens of an answer; `max_completion_tokens` where left out. */
  readonly maxTokensParam?: "max_completion_tokens" | "max_tokens";
}

/** The endpoints that are offered, by our names: the older one first. Never empty. */
export function endpointsOf({ endpoints }: OpenAIWire): readonly [EndpointName, ...EndpointName[]] {
  const [first, ...more] = ([CHAT, RESPONSES] as const).filter(
    (name) => endpoints === undefined || endpoints[name] !== undefined,
  );
  if (first === undefined) throw new TypeError(`endpoints name none of ${CHAT} and ${RESPONSES}`);
  return [first, ...more];
}

/** The path by which an endpoint goes there. */
export function pathOf({ endpoints }: OpenAIWire, endpoint: string): string {
  return endpoints?.[endpoint as EndpointName] ?? endpoint;
}
