import type { Command, Reply } from "@granary/domain";
import { COMMAND_PREFIX } from "@granary/domain";
import { Match } from "@nats-io/transport-node";
import type { ConsumeCommandsDeps } from "./consumeCommands.ts";
import { deadLetterOf } from "./deadLetters.ts";
import { decodeCommand, type DecodedCommand } from "./decodeCommand.ts";
import type { Delivery } from "./delivery.ts";
import type { HeldBatch } from "./openIntake.ts";
import { sendReply } from "./sendReply.ts";
import { subjectOf } from "./streams.ts";

interface Read {
  readonly delivery: Delivery;
  readonly decoded: DecodedCommand;
}

/**
 * Handles a batch: what can never be handled is kept as dead letters, the rest goes to the handler; each message is
 * acknowledged after that is durable, and answered after that.
 * @throws whatever keeping or handling threw; what was done by then is acknowledged, the rest is not
 */
export async function handleDeliveries(
  { nats, streams, clock, log, dead, maxCommandBytes }: ConsumeCommandsDeps,
  batch: HeldBatch,
  handler: (commands: readonly Command[]) => Promise<readonly Reply[]>,
): Promise<void> {
  const prefix = subjectOf(streams, COMMAND_PREFIX);
  const read = batch.deliveries.map((delivery): Read => ({
    delivery,
    decoded: decodeCommand({
      bytes: delivery.data,
      expectedType: `${COMMAND_PREFIX}${delivery.subject.slice(prefix.length)}`,
      maxBytes: maxCommandBytes,
      traceparent: delivery.headers?.get("traceparent", Match.IgnoreCase),
    }),
  }));
  const letters = read.flatMap(({ delivery, decoded }) =>
    "why" in decoded ? [{ delivery, ...decoded }] : [],
  );
  const good = read.flatMap(({ delivery, decoded }) =>
    "command" in decoded ? [{ delivery, command: decoded.command }] : [],
  );

  if (letters.length > 0) {
    const at = clock.now();
    await dead(letters.map((letter) => deadLetterOf(streams.commandStream, letter.delivery, letter, at)));
    for (const { delivery, why } of letters)
      log.warn(
        { subject: delivery.subject, sequence: delivery.sequence, reason: why },
        "kept as a dead letter",
      );
    await batch.acknowledge(letters.map(({ delivery }) => delivery));
    for (const { delivery, faults, requestId } of letters)
      sendReply(nats, streams, delivery, { id: null, requestId, status: "rejected", faults });
  }
  if (good.length === 0) return;
  const replies = await handler(good.map(({ command }) => command));
  if (replies.length !== good.length) throw new Error(`${replies.length} answers to ${good.length} commands`);
  await batch.acknowledge(good.map(({ delivery }) => delivery));
  for (const [index, { delivery }] of good.entries()) sendReply(nats, streams, delivery, replies[index]!);
}
