import type { Command, CommandType, Fault } from "@granary/domain";
import { COMMAND_PREFIX, COMMAND_TYPES, readTraceparent } from "@granary/domain";

/** Why a message can never be handled: the whole list. */
export const DEAD_REASONS = [
  "too_large",
  "not_utf8",
  "not_json",
  "not_cloudevents",
  "unknown_version",
  "unknown_command",
  "wrong_subject",
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

/** A message's bytes, and what its subject says it is. */
export interface CommandBytes {
  readonly bytes: Uint8Array;
  /** The type that belongs to the subject it came on. */
  readonly expectedType: string;
  readonly maxBytes: number;
  /** The message's header `traceparent`, for an event that has none that can be used. */
  readonly traceparent?: string | undefined;
}

/** A command, or why there can never be one in these bytes. */
export type DecodedCommand =
  | { readonly command: Command }
  | { readonly why: DeadReason; readonly faults: readonly Fault[]; readonly requestId: string | null };

const VERSIONED = /^granary\.(v[^.]*)\.command\.(.*)$/;
const TYPES = COMMAND_TYPES.map((type) => `${COMMAND_PREFIX}${type}`).join(", ");

/**
 * Reads a command in the structured mode of CloudEvents 1.0. Its data is left to whoever carries it out, who can answer
 * for it. All faults of an envelope are told at once.
 */
export function decodeCommand({ bytes, expectedType, maxBytes, traceparent }: CommandBytes): DecodedCommand {
  if (bytes.byteLength > maxBytes)
    return dead(
      "too_large",
      "",
      `${bytes.byteLength} bytes, at most ${maxBytes} are taken; put the items into an artifact or an object store and name it in itemsRef`,
    );
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return dead("not_utf8", "", "not UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return dead("not_json", "", `not JSON: ${placeOf(error)}`);
  }
  if (!isObject(value)) return dead("not_cloudevents", "", "has to be a JSON object");
  return decodeEnvelope(value, expectedType, traceparent);
}

function decodeEnvelope(
  event: Readonly<Record<string, unknown>>,
  expectedType: string,
  header: string | undefined,
): DecodedCommand {
  const { id, type, data } = event;
  const traceparent = readTraceparent(event["traceparent"]) ?? readTraceparent(header);
  const requestId = requestIdOf(data);
  const faults = envelopeFaults(event);
  const typeFault = typeof type === "string" ? faultOfType(type, expectedType) : null;
  if (faults.length > 0)
    return {
      why: "not_cloudevents",
      faults: [...faults, ...(typeFault ? [typeFault.fault] : [])],
      requestId,
    };
  if (typeFault) return { why: typeFault.why, faults: [typeFault.fault], requestId };
  return {
    command: {
      id: id as string,
      type: (type as string).slice(COMMAND_PREFIX.length) as CommandType,
      data,
      ...(traceparent === null ? {} : { traceparent }),
    },
  };
}

function envelopeFaults(event: Readonly<Record<string, unknown>>): readonly Fault[] {
  const { specversion, id, source, type, datacontenttype, data } = event;
  const faults: Fault[] = [];
  const demand = (holds: boolean, path: string, message: string): void => {
    if (!holds) faults.push({ path, message });
  };
  demand(specversion === "1.0", "specversion", 'has to be "1.0": CloudEvents in structured mode');
  demand(isText(id), "id", "has to be a text that is not empty");
  demand(isText(source), "source", "has to be a text that is not empty");
  demand(isText(type), "type", `has to be one of ${TYPES}`);
  demand(
    datacontenttype === undefined ||
      (isText(datacontenttype) && /^application\/json\s*(;|$)/i.test(datacontenttype)),
    "datacontenttype",
    "has to be application/json, or left out",
  );
  demand(isObject(data), "data", "has to be a JSON object");
  return faults;
}

function faultOfType(
  type: string,
  expectedType: string,
): { readonly why: DeadReason; readonly fault: Fault } | null {
  const [, version, name = ""] = VERSIONED.exec(type) ?? [];
  if (version !== undefined && version !== "v1")
    return {
      why: "unknown_version",
      fault: { path: "type", message: `version ${version} of ${name} is not known here; v1 is` },
    };
  if (!COMMAND_TYPES.some((known) => type === `${COMMAND_PREFIX}${known}`))
    return {
      why: "unknown_command",
      fault: { path: "type", message: `${JSON.stringify(type)} is none of ${TYPES}` },
    };
  if (type !== expectedType)
    return {
      why: "wrong_subject",
      fault: { path: "type", message: `says ${type}, and came on the subject of ${expectedType}` },
    };
  return null;
}

function dead(why: DeadReason, path: string, message: string): DecodedCommand {
  return { why, faults: [{ path, message }], requestId: null };
}

/** Where JSON ends to be JSON, without the text itself: it may hold anything. */
function placeOf(error: unknown): string {
  return (
    /(?:at position \d+(?: \(line \d+ column \d+\))?|Unexpected end)/.exec(String(error))?.[0] ?? "no value"
  );
}

function requestIdOf(data: unknown): string | null {
  const requestId = isObject(data) ? data["requestId"] : null;
  return isText(requestId) && requestId.length <= 256 ? requestId : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0;
}
