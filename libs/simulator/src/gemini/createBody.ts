import { isObject } from "../isObject.ts";
import { type Kind, readFields, UnknownField } from "./fields.ts";
import { GeminiError } from "./geminiError.ts";
import { readRequest } from "./readRequest.ts";

/** What a create asks for. */
export interface CreateBody {
  readonly displayName: string | null;
  readonly input: { readonly fileName: string } | { readonly requests: readonly object[] };
}

const refuse = (text: string) => new GeminiError("INVALID_ARGUMENT", text);

function message(value: unknown, kind: Kind, place: string): Record<string, unknown> {
  if (!isObject(value)) throw refuse(`Invalid value at '${place}'`);
  return readFields(value, kind, place);
}

function readInlined(value: unknown): readonly object[] {
  const place = "batch.input_config.requests";
  const { requests } = message(value, "requests", place);
  if (!Array.isArray(requests) || requests.length === 0)
    throw refuse("* BatchGenerateContentRequest.batch.input_config.requests.requests: must not be empty.");
  const keys = new Set<string>();
  for (const [index, item] of requests.entries()) {
    const where = `${place}.requests[${index}]`;
    const { request, metadata } = message(item, "inlinedRequest", where);
    if (!isObject(request)) throw refuse(`* ${where}.request: request is not specified`);
    // Throws for a field the API has not: one such field, and the whole body cannot be read.
    readRequest(request, `${where}.request`);
    if (metadata !== undefined && !isObject(metadata)) throw refuse(`Invalid value at '${where}.metadata'`);
    const key = isObject(metadata) ? metadata["key"] : undefined;
    if (key === undefined) continue;
    if (typeof key !== "string") throw refuse(`Invalid value at '${where}.metadata.key'`);
    if (keys.has(key)) throw refuse(`* ${where}.metadata.key: the key '${key}' has come before.`);
    keys.add(key);
  }
  return requests as object[];
}

/** Reads the body of a create, or throws the 400 the API answers. */
export function readCreateBody(body: unknown): CreateBody {
  try {
    const { batch: given } = message(body, "create", "");
    const batch = message(given, "batch", "batch");
    const config = message(batch["inputConfig"], "inputConfig", "batch.input_config");
    const { displayName = null } = batch;
    if (displayName !== null && typeof displayName !== "string")
      throw refuse("Invalid value at 'batch.display_name' (TYPE_STRING)");
    const { fileName, requests } = config;
    if ((fileName === undefined) === (requests === undefined))
      throw refuse("* BatchGenerateContentRequest.batch.input_config: exactly one source must be set.");
    if (requests !== undefined) return { displayName, input: { requests: readInlined(requests) } };
    if (typeof fileName !== "string" || !/^files\/[a-z0-9-]+$/.test(fileName))
      throw refuse(`* BatchGenerateContentRequest.batch.input_config.file_name: invalid file name.`);
    return { displayName, input: { fileName } };
  } catch (error) {
    if (error instanceof UnknownField) throw refuse(error.message);
    throw error;
  }
}
