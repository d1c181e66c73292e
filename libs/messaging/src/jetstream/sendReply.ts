import type { Reply } from "@granary/domain";
import type { Delivery } from "./delivery.ts";
import type { Nats } from "./nats.ts";
import type { Streams } from "./streams.ts";

/** The header in which a caller names the inbox where the answer is to go. */
export const REPLY_TO = "Granary-Reply-To";

const FAULTS_IN_SHORT = 20;

/**
 * Answers a command where its sender asked for it: core NATS, best effort. A sender that hears nothing repeats the
 * command, which is idempotent.
 */
export function sendReply(
  nats: Nats,
  { subjectPrefix }: Streams,
  { headers }: Pick<Delivery, "headers">,
  reply: Reply,
): void {
  const inbox = headers?.get(REPLY_TO) ?? "";
  if (!isInbox(inbox, subjectPrefix)) return;
  try {
    nats.connection.publish(inbox, JSON.stringify(reply));
  } catch {
    // Too many faults for one message, or closed by now.
    const faults = reply.faults?.slice(0, FAULTS_IN_SHORT) ?? [];
    try {
      nats.connection.publish(inbox, JSON.stringify({ ...reply, faults }));
    } catch {
      // The sender will ask again.
    }
  }
}

/** A subject one may publish on, and none of the server's own or of ours: nobody may order by way of an answer. */
function isInbox(subject: string, subjectPrefix: string): boolean {
  return (
    /^[^\s.*>$][^\s.*>]*(?:\.[^\s.*>]+)*$/.test(subject) && !`${subject}.`.startsWith(`${subjectPrefix}.`)
  );
}
