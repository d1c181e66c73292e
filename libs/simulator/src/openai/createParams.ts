import { isObject } from "../isObject.ts";
import type { Manners } from "./manners.ts";
import { OpenaiError } from "./openaiError.ts";

/** The parameters of a create that passed. */
export interface CreateParams {
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
}

const PARAMS = ["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"];

function refuse(message: string, param: string, code: string): never {
  throw new OpenaiError(400, message, { param, code });
}

function readMetadata(metadata: unknown): Record<string, string> | null {
  if (metadata === undefined || metadata === null) return null;
  if (!isObject(metadata))
    refuse("Invalid type for 'metadata': expected an object.", "metadata", "invalid_type");
  const pairs = Object.entries(metadata);
  if (pairs.length > 16)
    refuse(
      `Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with ${pairs.length} properties instead.`,
      "metadata",
      "object_above_max_properties",
    );
  for (const [key, value] of pairs) {
    if (key.length > 64)
      refuse(
        "Invalid 'metadata': a key is longer than 64 characters.",
        "metadata",
        "string_above_max_length",
      );
    if (typeof value !== "string")
      refuse(
        `Invalid type for 'metadata.${key}': expected a string, but got ${typeof value} instead.`,
        `metadata.${key}`,
        "invalid_type",
      );
    if (value.length > 512)
      refuse(
        `Invalid 'metadata.${key}': string too long. Expected a string with maximum length 512, but got a string with length ${value.length} instead.`,
        `metadata.${key}`,
        "string_above_max_length",
      );
  }
  return metadata as Record<string, string>;
}

/** Seconds of an `expires_after`, between an hour and 30 days from creation; null where there is none. */
export function readExpiry(policy: unknown, param: string): number | null {
  if (policy === undefined || policy === null) return null;
  const { anchor, seconds } = isObject(policy) ? policy : {};
  if (anchor !== "created_at")
    refuse(
      `Invalid value: '${String(anchor)}'. Supported values are: 'created_at'.`,
      `${param}.anchor`,
      "invalid_value",
    );
  const wanted = Number(seconds);
  if (!Number.isInteger(wanted) || wanted < 3_600 || wanted > 2_592_000)
    refuse(
      `Invalid '${param}.seconds': expected an integer from 3600 to 2592000, but got '${String(seconds)}' instead.`,
      `${param}.seconds`,
      "integer_out_of_range",
    );
  return wanted;
}

/** Reads the body of a create, or throws the 400 the API answers. */
export function readCreateParams(
  body: unknown,
  { endpoints, window: windows, keepsMetadata }: Manners,
): CreateParams {
  if (!isObject(body)) throw new OpenaiError(400, "We could not parse the JSON body of your request.");
  for (const param of ["input_file_id", "endpoint", "completion_window"])
    if (body[param] === undefined)
      refuse(`Missing required parameter: '${param}'.`, param, "missing_required_parameter");
  const unknown = Object.keys(body).find((param) => !PARAMS.includes(param));
  if (unknown !== undefined) refuse(`Unknown parameter: '${unknown}'.`, unknown, "unknown_parameter");
  const { input_file_id: inputFileId, endpoint, completion_window: window } = body;
  if (typeof inputFileId !== "string")
    refuse("Invalid type for 'input_file_id': expected a string.", "input_file_id", "invalid_type");
  const paths = Object.keys(endpoints);
  if (!(paths as readonly unknown[]).includes(endpoint))
    refuse(
      `Invalid value: '${String(endpoint)}'. Supported values are: ${paths.map((known) => `'${known}'`).join(" and ")}.`,
      "endpoint",
      "invalid_value",
    );
  if (typeof window !== "string" || !windows.test(window))
    refuse(`Invalid value: '${String(window)}'. Value must be '24h'.`, "completion_window", "invalid_value");
  return {
    inputFileId,
    endpoint: String(endpoint),
    metadata: keepsMetadata ? readMetadata(body["metadata"]) : null,
    outputExpiresAfterSeconds: readExpiry(body["output_expires_after"], "output_expires_after"),
  };
}
