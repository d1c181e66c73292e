import type { Command, Reply } from "./commands.ts";
import type { Fact } from "./facts.ts";

/** Carries facts out and commands in. It is a doorbell: losing all it holds loses nothing. */
export interface Bus {
  /** Resolves once the facts are durable with the bus. A repeated id is no fault. */
  publish(facts: readonly Fact[]): Promise<void>;
  /**
   * Hands over commands in batches until `stop`. They are acknowledged once the handler has resolved; a handler
   * that throws gets them again. The answers go to whoever asked for one.
   */
  commands(
    handler: (batch: readonly Command[]) => Promise<readonly Reply[]>,
    stop: AbortSignal,
  ): Promise<void>;
  /** Calls `handler` whenever a fact is heard. Only a hint: it never fails and may be late or left out. */
  wake(handler: (fact: Fact) => void, stop: AbortSignal): Promise<void>;
}
