import type { Fault } from "@granary/domain";
import {
  BusUnavailable,
  Faulty,
  faultText,
  ProviderTrouble,
  StoreNotReady,
  StoreUnavailable,
} from "@granary/domain";
import { LockHeld } from "@granary/runtime";

/** What the command's exit tells a script. */
export const EXIT = {
  fine: 0,
  /** Something failed, or something was found. */
  failed: 1,
  /** Wrong usage or input: nothing was done, and the same again will not help. */
  wrongInput: 2,
  /** Somebody else holds what is needed, or does not answer: later it may work. */
  unavailable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that could not do what it was asked, in words for the person at the terminal. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  readonly faults: readonly Fault[];

  constructor(exitCode: ExitCode, message: string, faults: readonly Fault[] = [], options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.faults = faults;
  }
}

/** Any error as a failure: one clear line, its faults, and the exit code that fits. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Faulty)
    return new Failure(EXIT.wrongInput, error.message.split("\n", 1)[0] ?? "", error.faults, {
      cause: error,
    });
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(exitCodeOf(error), message, [], { cause: error });
}

function exitCodeOf(error: unknown): ExitCode {
  const waits = [LockHeld, StoreUnavailable, StoreNotReady, BusUnavailable, ProviderTrouble];
  return waits.some((kind) => error instanceof kind) ? EXIT.unavailable : EXIT.failed;
}

/** A failure as lines of text. */
export function failureText({ message, faults }: Failure): string {
  return [message, ...faults.map((fault) => `  ${faultText(fault)}`)].join("\n");
}
