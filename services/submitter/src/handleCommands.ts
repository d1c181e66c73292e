import type { Command, CommandType, Reply } from "@granary/domain";
import { COMMAND_DATA } from "@granary/domain";
import type { z } from "zod";
import { adoptJob } from "./adoptJob.ts";
import { cancelRequest } from "./cancelRequest.ts";
import { pollNow } from "./pollNow.ts";
import { faultsOf, rejected, requestIdOf } from "./refusal.ts";
import { retryRequest } from "./retryRequest.ts";
import type { SubmitterDeps } from "./settings.ts";
import { submitRequests } from "./submitRequests.ts";

/**
 * Carries out a batch of commands and answers each, in order. All are idempotent: a batch that failed halfway is
 * simply handed over again. Submits of one batch share their writes.
 */
export const handleCommands =
  (deps: SubmitterDeps) =>
  async (batch: readonly Command[]): Promise<readonly Reply[]> => {
    const replies = new Map<number, Reply>();
    const submits = batch.flatMap((command, at) => (command.type === "submit" ? [{ command, at }] : []));
    const submitted = await submitRequests(
      deps,
      submits.map(({ command }) => command),
    );
    submits.forEach(({ at }, index) => {
      const reply = submitted[index];
      if (reply) replies.set(at, reply);
    });
    for (const [at, command] of batch.entries())
      if (command.type !== "submit") replies.set(at, await handleOne(deps, command));
    return batch.map((_command, at) => replies.get(at) ?? rejected(null, []));
  };

async function handleOne(deps: SubmitterDeps, command: Command): Promise<Reply> {
  switch (command.type) {
    case "submit":
      throw new Error("submits are handled together");
    case "adopt":
      return adoptJob(deps, command);
    case "cancel":
      return checked("cancel", command, async (data) => cancelRequest(deps, data));
    case "retry":
      return checked("retry", command, async (data) => retryRequest(deps, data, command.traceparent));
    case "poll":
      return checked("poll", command, async (data) => pollNow(deps, data));
  }
}

async function checked<T extends CommandType>(
  type: T,
  { data }: Command,
  handle: (data: z.output<(typeof COMMAND_DATA)[T]>) => Promise<Reply>,
): Promise<Reply> {
  const parsed = COMMAND_DATA[type].safeParse(data);
  if (parsed.success) return handle(parsed.data as z.output<(typeof COMMAND_DATA)[T]>);
  return rejected(requestIdOf(data), faultsOf(parsed.error));
}
