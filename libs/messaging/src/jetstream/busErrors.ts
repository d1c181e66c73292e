import { BusUnavailable } from "@granary/domain";
import { JetStreamApiError } from "@nats-io/jetstream";
import { PermissionViolationError, RequestError, TimeoutError } from "@nats-io/transport-node";

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
    const storage = /storage|resources|maximum bytes|memory/i.test(error.message);
    return `JetStream refused (${error.code}): ${error.message}${storage ? "; give it more room, or make the streams smaller" : ""}`;
  }
  return error instanceof Error ? error.message : String(error);
}
