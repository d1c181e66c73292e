import type { Bus, Clock, Command, Reply } from "@granary/domain";
import { FACT_PREFIX } from "@granary/domain";
import type { DeadReason } from "./labels.ts";
import { DEAD_REASONS } from "./labels.ts";
import type { Metrics } from "./openMetrics.ts";

type Handler = (batch: readonly Command[]) => Promise<readonly Reply[]>;
type Observing = Pick<Metrics, "service" | "process">;

/** The bus, with the facts it takes and the commands it hands over counted. */
export function observedBus<B extends Bus>(bus: B, metrics: Observing, clock: Pick<Clock, "monotonic">): B {
  const { service, process } = metrics;
  const publish: Bus["publish"] = async (facts) => {
    await bus.publish(facts);
    for (const { type } of facts) process.facts.inc({ service, type: type.slice(FACT_PREFIX.length) });
  };
  const commands: Bus["commands"] = async (handler, stop) =>
    bus.commands(observedHandler(handler, metrics, clock), stop);
  return new Proxy(bus, {
    get: (target, name) => {
      if (name === "publish") return publish;
      if (name === "commands") return commands;
      return Reflect.get(target, name) as unknown;
    },
  });
}

/** The handler, with every command counted by its answer; those of a batch that failed come again. */
export function observedHandler(
  handler: Handler,
  { service, process }: Observing,
  clock: Pick<Clock, "monotonic">,
): Handler {
  return async (batch) => {
    const beganAt = clock.monotonic();
    const count = (outcomeAt: (at: number) => string | undefined): void => {
      for (const [at, { type }] of batch.entries()) {
        const outcome = outcomeAt(at);
        if (outcome !== undefined) process.commands.inc({ service, type, outcome });
      }
    };
    try {
      const replies = await handler(batch);
      count((at) => replies[at]?.status);
      return replies;
    } catch (error) {
      count(() => "retried");
      throw error;
    } finally {
      const seconds = (clock.monotonic() - beganAt) / 1000;
      for (const type of new Set(batch.map((command) => command.type)))
        process.commandDuration.observe({ service, type }, seconds);
    }
  };
}

/** Counts a message that could never be handled; a reason outside the closed list counts as `other`. */
export function noteDeadLetter({ service, process }: Observing, reason: string): void {
  const known = DEAD_REASONS.find((one): one is DeadReason => one === reason);
  process.deadLetters.inc({ service, reason: known ?? "other" });
}

/** Shows whether the connection to NATS stands. One that came back counts as a reconnect. */
export function noteNats({ service, process }: Observing, event: "connected" | "reconnected" | "away"): void {
  process.natsConnected.set({ service }, event === "away" ? 0 : 1);
  if (event === "reconnected") process.natsReconnects.inc({ service });
}
