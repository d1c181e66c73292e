/** One error class for each decision somebody must take. `cause` is always passed on. */

/** A command that the document's state forbids: a fault of the caller, never worth a retry. */
export class IllegalTransition extends Error {
  override readonly name = "IllegalTransition";

  constructor(command: string, kind: string, state: string) {
    super(`cannot ${command} a ${kind} that is ${state}`);
  }
}

/** The claim on a document went to somebody else: drop what is in hand, the new owner goes on. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(kind: string, id: string) {
    super(`${kind} ${id} was claimed by another owner`);
  }
}

/** The store did not answer. A write may or may not have happened: read again before deciding. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** The store was written by a newer version of this program: stop, and start the newer version. */
export class StoreTooNew extends Error {
  override readonly name = "StoreTooNew";
}

/** The store lacks what its promises rest on: stop, and run `granary migrate up`. */
export class StoreNotReady extends Error {
  override readonly name = "StoreNotReady";
}

/** The bus does not answer, or refuses what it is asked. What was sent may or may not have arrived. */
export class BusUnavailable extends Error {
  override readonly name = "BusUnavailable";
}

/** The artifact store has no room left: wait until somebody has made room, nothing is lost. */
export class StorageFull extends Error {
  override readonly name = "StorageFull";
}

/** An artifact that a document names is not there. */
export class ArtifactMissing extends Error {
  override readonly name = "ArtifactMissing";

  constructor(path: string, options?: ErrorOptions) {
    super(`no artifact at ${path}`, options);
  }
}

/** Why a provider did not do what it was asked; each is handled in its own way. */
export type Trouble =
  /** 429: slow down. Pauses the operation and model of the account. */
  | "limit"
  /** Key revoked, quota or billing exhausted, endpoint not there: a person must act. Pauses the account. */
  | "account"
  /** The request itself is wrong; repeating it will not help. */
  | "request"
  /** Nothing was sent: connection refused, name not found. */
  | "unreachable"
  /** The provider broke down, timed out, or answered what cannot be read. */
  | "unavailable"
  /** The object is not under this account (also: not any more). */
  | "not_found";

/** A provider call that failed. Only calls that may be repeated throw it; `create` answers with a value. */
export class ProviderTrouble extends Error {
  override readonly name = "ProviderTrouble";
  readonly why: Trouble;
  /** The provider's own code or HTTP status. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(
    why: Trouble,
    code: string,
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number | undefined },
  ) {
    super(message, options);
    this.why = why;
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** Bytes that arrived are not what was announced: throw them away and fetch again. */
export class BrokenTransfer extends Error {
  override readonly name = "BrokenTransfer";
}

/** Something that can never work, found in configuration or input. Lists every fault. */
export class Faulty extends Error {
  override readonly name = "Faulty";
  readonly faults: readonly Fault[];

  constructor(message: string, faults: readonly Fault[]) {
    super([message, ...faults.map((fault) => `  ${faultText(fault)}`)].join("\n"));
    this.faults = faults;
  }
}

/** One fault in what a caller sent: where, what, and what to do about it. */
export interface Fault {
  /** The item's key, where the fault is an item's. */
  readonly key?: string;
  /** Where: a path such as `items[3].params.temperature`, or `line 17`. */
  readonly path: string;
  readonly message: string;
  /** For a program that has to tell this fault from others: the same request may be taken later, for example. */
  readonly code?: "backlog_full";
}

/** A fault as one line of text. */
export function faultText({ key, path, message }: Fault): string {
  return `${path}${key === undefined ? "" : ` (key ${JSON.stringify(key)})`}: ${message}`;
}
