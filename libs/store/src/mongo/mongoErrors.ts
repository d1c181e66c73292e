/** What the driver and the server say when they fail: error codes of the MongoDB manual's reference. */
import {
  MongoBulkWriteError,
  MongoError,
  MongoInvalidArgumentError,
  MongoServerError,
  MongoWriteConcernError,
} from "mongodb";
import { StoreTooNew, StoreUnavailable } from "@granary/domain";
import { JobAlreadyHeld } from "../jobAlreadyHeld.ts";

const DUPLICATE_KEY = 11_000;
const CREDENTIALS_REFUSED: ReadonlySet<unknown> = new Set([13, 18]);
/** Of a document, and of a command that carries one. */
const TOO_LARGE: ReadonlySet<unknown> = new Set([10_334, 17_419, 17_420, 17_280]);
/**
 * BadValue, FailedToParse, TypeMismatch, InvalidOptions, DocumentValidationFailure, CommandNotFound,
 * CommandNotSupported, NotImplemented and their kin: a fault of ours, or a server that is none for us.
 */
const OURS: ReadonlySet<unknown> = new Set([2, 9, 14, 28, 52, 54, 56, 59, 72, 115, 121, 238, DUPLICATE_KEY]);

const BROKEN_SOCKET: ReadonlySet<unknown> = new Set([
  "EPIPE",
  "ECONNRESET",
  "ETIMEDOUT",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ERR_SOCKET_CLOSED",
]);

/** A unique index, the one over `_id` included, refused the write. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The same of one write of a bulk. */
export function isDuplicateWrite(error: { readonly code: unknown }): boolean {
  return error.code === DUPLICATE_KEY;
}

/** The server does not know the command, the option or the operator. */
export function isNotSupported(error: unknown): boolean {
  return error instanceof MongoServerError && [59, 72, 115, 238].includes(Number(error.code));
}

/** The text without what a connection string must not tell. */
export function redact(text: string, uri: string): string {
  const credentials = /^[^/]*\/\/([^@/]*)@/.exec(uri)?.[1] ?? "";
  const secrets = [credentials, credentials.slice(credentials.indexOf(":") + 1)];
  const all = secrets.flatMap((secret) => [secret, safelyDecoded(secret)]).filter((secret) => secret !== "");
  const bare = all.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return bare.replaceAll(/\/\/[^@/\s"]+@/g, "//***@");
}

/** What to throw instead of `error`, which `what` met: a driver's error is nobody's to know. */
export function toStoreError(error: unknown, what: string, uri: string): unknown {
  if (error instanceof StoreUnavailable || error instanceof StoreTooNew || error instanceof JobAlreadyHeld)
    return error;
  if (isTooLarge(error)) return tooLarge(what, { cause: error });
  if (!(error instanceof MongoError) && !isBrokenSocket(error)) return error;
  const text = redact(error.message, uri);
  if (error instanceof MongoError && CREDENTIALS_REFUSED.has(error.code))
    return new StoreUnavailable(
      `the database refused the credentials (${what}): look at user, password and authSource in MONGODB_URI, and at ` +
        `what this user may do`,
      { cause: error },
    );
  const isOurs = error instanceof MongoServerError && OURS.has(error.code) && !hasUnknownResult(error);
  if (isOurs || error instanceof MongoInvalidArgumentError)
    return new Error(`the database refuses what it is asked (${what}): ${text}`, { cause: error });
  return new StoreUnavailable(`the database does not answer (${what}): ${text}`, { cause: error });
}

/** Nothing was written, and nothing will be however often it is tried. */
export function tooLarge(what: string, options?: ErrorOptions): Error {
  return new Error(`${what}: a document would be larger than the 16 MB the database takes`, options);
}

/** Written, but not by as many servers as it takes: it may still be undone. */
function hasUnknownResult(error: MongoServerError): boolean {
  if (error instanceof MongoWriteConcernError) return true;
  return error instanceof MongoBulkWriteError && error.result.getWriteConcernError() !== undefined;
}

/** Where a socket dies while it is written to, the driver lets Node's own error through. */
function isBrokenSocket(error: unknown): error is Error {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return "syscall" in error || BROKEN_SOCKET.has(error.code);
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof MongoServerError && TOO_LARGE.has(error.code)) return true;
  if (error instanceof MongoError)
    return /larger than the maximum size|object to insert too large|BSONObj size/i.test(error.message);
  return error instanceof RangeError && "code" in error && String(error.code).startsWith("ERR_");
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
