import type { Reply } from "@granary/domain";
import { EXIT, Failure } from "./failure.ts";
import type { Terminal } from "./terminal/terminal.ts";

/**
 * Tells the answer to a command.
 * @throws Failure where the command was refused
 */
export function sayReply(out: Terminal, reply: Reply | undefined, said: (reply: Reply) => string): void {
  if (!reply) throw new Error("the command was not answered");
  const { status, faults = [], requestId } = reply;
  if (status === "rejected" || status === "conflict")
    throw new Failure(EXIT.wrongInput, `${requestId ?? "the command"}: ${status}`, faults);
  if (out.json) out.document(reply);
  else out.line(said(reply));
}
