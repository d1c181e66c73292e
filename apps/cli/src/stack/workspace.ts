import type { Artifacts, Catalogue, Command, DeadLetter, Fact, Reply, Store } from "@granary/domain";
import type { HostDeps } from "@granary/host";
import type { GranaryConfig } from "@granary/runtime";
import type { UpState } from "./upState.ts";

/** Who takes up what is accepted: a `granary up` on the same store, services of their own, or nobody that is known. */
export type AtWork =
  | { readonly kind: "up"; readonly state: UpState }
  | { readonly kind: "services" }
  | { readonly kind: "nobody" };

/** Items that were put where the submitter can read them. */
export interface PutInput extends AsyncDisposable {
  /** What a submit command says as `itemsRef`. */
  readonly ref:
    | { readonly path: string; readonly sha256: string }
    | { readonly bucket: string; readonly object: string; readonly sha256: string };
}

/** Everything a command needs: the store to read, and a way to the submitter. No loop runs in it. */
export interface Workspace extends AsyncDisposable {
  readonly config: GranaryConfig;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly catalogue: Catalogue;
  readonly deps: HostDeps;
  /**
   * Hands commands to the submitter and gives its answers, in order. May be repeated.
   * @throws BusUnavailable where no answer came: the commands may have been taken
   */
  readonly send: (commands: readonly Command[]) => Promise<readonly Reply[]>;
  /** Puts the items of a large request beside its command; disposing takes them away again. */
  readonly putInput: (bytes: AsyncIterable<Uint8Array>) => Promise<PutInput>;
  /** Sends a dead letter again, as it came. @throws BusUnavailable; Failure where there is no bus to send it on */
  readonly redrive: (letter: DeadLetter) => Promise<void>;
  /** What was published, as far as it is kept for good; null where the bus alone has it, and forgets. */
  readonly facts: () => AsyncIterable<Fact> | null;
  readonly atWork: () => Promise<AtWork>;
  /** Calls `changed` when somebody has written to the store, or may have, until `stop` aborts. Only a hint. */
  readonly watch: (changed: () => void, stop: AbortSignal) => Promise<void>;
}
