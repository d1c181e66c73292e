import { BusUnavailable } from "@granary/domain";
import { JetStreamApiError } from "@nats-io/jetstream";
import { PermissionViolationError, RequestError, TimeoutError } from "@nats-io/transport-node";

const NO_PEERS = 10005;

/** A message is larger than the server or the stream takes. Sending it again cannot help. */
export class MessageTooLarge extends Error {
  override readonly name = "MessageTooLarge";
  readonly bytes: number;

  constructor(subject: string, bytes: number, limit: string, options?: ErrorOptions) {
    super(`a message of ${bytes} bytes on ${subject} is larger than ${limit}`, options);
    this.bytes = bytes;
  }
}

/** What a failure of the client library means to us, with what to do about it. */
export function toBusUnavailable(what: string, error: unknown): BusUnavailable {
  return new BusUnavailable(`${what}: ${reasonOf(error)}`, { cause: error });
}

/** Whether nobody keeps what is sent on this subject: the stream is missing, or its server is on its way up. */
export function isNoStream(error: unknown): boolean {
  // The library throws a class for it that it does not export.
  const isTold = error instanceof Error && error.name === "JetStreamNotEnabled";
  return isTold || (error instanceof RequestError && error.isNoResponders());
}

/** Whether the server refused it to this user. */
export function isNotPermitted(error: unknown): boolean {
  const cause = error instanceof RequestError ? error.cause : error;
  return cause instanceof PermissionViolationError;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof RequestError ? error.cause : undefined;
  if (error instanceof PermissionViolationError || cause instanceof PermissionViolationError) {
    const { operation, subject } = (cause ?? error) as PermissionViolationError;
    return `this user of NATS may not ${operation === "publish" ? "publish on" : "subscribe to"} ${subject}`;
  }
  if (isNoStream(error))
    return "NATS answers, but no JetStream does: it is not enabled, or has not started, or the stream is missing";
  if (error instanceof TimeoutError) return "NATS did not answer in time";
  if (error instanceof JetStreamApiError) {
    return `JetStream refused (${error.code}): ${error.message}${remedyOf(error)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function remedyOf({ code, message }: JetStreamApiError): string {
  if (code === NO_PEERS)
    return "; the cluster has too few servers up, or too few with room, for the copies that GRANARY_NATS_REPLICAS asks for";
  return /storage|resources|maximum bytes|memory/i.test(message)
    ? "; give it more room, or make the streams smaller"
    : "";
}
