import type { Command } from "commander";
import { systemIds } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest, isTaskId } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { sayReply } from "../sayReply.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface PollOptions extends CommonOptions {
  readonly source: string;
  readonly account?: string;
}

/** `granary poll`: makes work due now, or an account tried again at once. */
export function pollCommand(): Command {
  return describedCommand("poll", "look at a request's or a task's provider jobs now", [
    ["granary poll items-1a2b3c4d5e6f", "all tasks of a request"],
    ["granary poll gr1x9k-abcdefghij234567klmn", "one task"],
    ["granary poll --account openai:default", "end an account's pauses, once their cause is gone"],
  ])
    .argument("[request|task]", "a request's id, or a task's (gr…)")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .option("--account <id>", "end the pauses of this account")
    .action(ending(poll));
}

async function poll(name: string | undefined, options: PollOptions): Promise<void> {
  const out = terminal(options);
  if ((name === undefined) === (options.account === undefined))
    throw new Failure(EXIT.wrongInput, "name a request or a task, or give --account");
  await using workspace = await openGranary(options);
  const { store } = workspace;
  if (options.account !== undefined) {
    const account = await store.load("account", options.account);
    if (!account)
      throw new Failure(
        EXIT.wrongInput,
        `there is no account ${options.account}: granary providers lists them`,
      );
    const scopes = Object.keys(account.pauses);
    for (const scope of scopes) await store.signal("account", [account.id], { type: "resume", scope });
    const held = (await store.tasks({ account: account.id, states: ["planned"] }, { limit: 1_000 })).map(
      ({ id }) => id,
    );
    await store.signal("task", held, { type: "wake" });
    if (out.json) out.document({ account: account.id, ended: scopes, woken: held.length });
    else
      out.line(
        `${account.id}: ${scopes.length} pauses ended, ${held.length} waiting tasks are looked at now`,
      );
    return;
  }
  const which = name ?? "";
  const data = isTaskId(which) ? { taskId: which } : await namesOf(workspace, which, options.source);
  const [reply] = await workspace.send([{ id: systemIds.nonce(), type: "poll", data }]);
  sayReply(out, reply, ({ status }) =>
    status === "ended" ? `${which} has ended: nothing is left to look at` : `${which} is looked at now`,
  );
}

async function namesOf(
  workspace: Awaited<ReturnType<typeof openGranary>>,
  name: string,
  givenSource: string,
) {
  const { source, requestId } = await findRequest(workspace, name, givenSource);
  return { source, requestId };
}
