import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { isObject } from "../isObject.ts";
import type { ProviderLimits } from "../limits.ts";
import { AnthropicError } from "./anthropicError.ts";
import { commonTag } from "./commonTag.ts";
import { BodyUnreadable, requestSplitter, RequestTooLarge } from "./requestSplitter.ts";

const NEWLINE = 0x0a;
const FLUSH_BYTES = 256 * 1024;

/** A create's body that lies on disk, a line a request. `fault` is what the API refuses it for. */
export interface ReadCreate {
  readonly fault: AnthropicError | null;
  readonly lines: number;
  readonly bytes: number;
  /** Of the first request. */
  readonly model: string | null;
  readonly tag: string | null;
}

const refuse = (message: string) => new AnthropicError("invalid_request_error", message);

const tooLarge = () => new AnthropicError("request_too_large", "Request exceeds the maximum size");

function told(error: unknown): AnthropicError {
  if (error instanceof AnthropicError) return error;
  if (error instanceof RequestTooLarge) return tooLarge();
  if (error instanceof BodyUnreadable) return refuse(`The request body is not valid JSON: ${error.message}`);
  throw error;
}

/** What is refused at once. Params are looked at only when the batch comes to them. */
function requestFault(request: unknown, place: string, known: ReadonlySet<string>): string | null {
  if (!isObject(request)) return `${place}: Input should be an object`;
  const { custom_id: customId, params } = request;
  if (customId === undefined) return `${place}.custom_id: Field required`;
  if (typeof customId !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(customId))
    return `${place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`;
  if (known.has(customId)) return `${place}.custom_id: '${customId}' is not unique within the batch`;
  if (params === undefined) return `${place}.params: Field required`;
  if (!isObject(params)) return `${place}.params: Input should be an object`;
  const extra = Object.keys(request).find((name) => name !== "custom_id" && name !== "params");
  return extra === undefined ? null : `${place}.${extra}: Extra inputs are not permitted`;
}

function besideFault(beside: unknown, lines: number): string | null {
  if (!isObject(beside)) return "Input should be an object";
  const { requests, ...others } = beside;
  const [extra] = Object.keys(others);
  if (extra !== undefined) return `${extra}: Extra inputs are not permitted`;
  if (requests === undefined) return "requests: Field required";
  if (!Array.isArray(requests)) return "requests: Input should be a valid list";
  const strange = requests.findIndex((request) => request !== 0);
  if (strange !== -1 || requests.length !== lines)
    return `requests.${Math.max(0, strange)}: Input should be an object`;
  return lines === 0 ? "requests: List should have at least 1 item after validation, not 0" : null;
}

/**
 * Streams a create's body to `path`, holding one request at a time: https://platform.claude.com/docs/en/api/messages/batches/create.
 * It is read to its end whatever is wrong with it, so that the caller hears what it is. A body that breaks off throws.
 */
export async function readCreate(body: Readable, path: string, limits: ProviderLimits): Promise<ReadCreate> {
  const splitter = requestSplitter();
  const ids = new Set<string>();
  const common = commonTag();
  let model: string | null = null;
  let fault: AnthropicError | null = null;
  let bytes = 0;
  let lines = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const file = await open(path, "w");

  async function write(): Promise<void> {
    await file.writeFile(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  }
  function take(raw: Buffer): void {
    lines += 1;
    if (lines > limits.lines)
      throw refuse(`requests: List should have at most ${limits.lines} items after validation, not ${lines}`);
    let request: unknown;
    try {
      request = JSON.parse(raw.toString());
    } catch (error) {
      throw new BodyUnreadable("it is no JSON", { cause: error });
    }
    const wrong = requestFault(request, `requests.${lines - 1}`, ids);
    if (wrong !== null) throw refuse(wrong);
    const { custom_id: customId, params } = request as {
      custom_id: string;
      params: Record<string, unknown>;
    };
    ids.add(customId);
    common.add(customId);
    if (lines === 1 && typeof params["model"] === "string") model = params["model"];
    const line = raw.includes(NEWLINE) ? Buffer.from(JSON.stringify(request)) : raw;
    waiting.push(line, Buffer.of(NEWLINE));
    waitingBytes += line.length + 1;
  }
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limits.bytes) fault = tooLarge();
      if (fault) continue;
      try {
        for (const raw of splitter.push(chunk)) take(raw);
      } catch (error) {
        fault = told(error);
      }
      if (waitingBytes >= FLUSH_BYTES) await write();
    }
    if (!fault) {
      try {
        const wrong = besideFault(splitter.end(), lines);
        if (wrong !== null) fault = refuse(wrong);
      } catch (error) {
        fault = told(error);
      }
    }
    await write();
    await file.sync();
  } finally {
    await file.close();
  }
  return { fault, lines, bytes, model, tag: common.tag() };
}
