import type { Command } from "commander";
import { Option } from "commander";
import { FAILURE_REASONS } from "@granary/domain";
import { systemIds } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { sayReply } from "../sayReply.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface RetryOptions extends CommonOptions {
  readonly source: string;
  readonly newId?: string;
  readonly only?: readonly string[];
  readonly reasons?: readonly string[];
}

/** `granary retry REQUEST`: a new request of the items that did not succeed. */
export function retryCommand(): Command {
  return describedCommand("retry", "make a new request of an ended one's items that did not succeed", [
    ["granary retry items-1a2b3c4d5e6f", "as items-1a2b3c4d5e6f-retry"],
    ["granary retry r1 --new-id r2 --only expired cancelled", "only these, under another id"],
    ["granary retry r1 --only failed --reasons truncated invalid_output", "only these failures"],
  ])
    .argument("<request>", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .option("--new-id <id>", "id of the new request (default: <id>-retry)")
    .addOption(new Option("--only <status...>", "which items").choices(["failed", "expired", "cancelled"]))
    .addOption(new Option("--reasons <reason...>", "which failures").choices([...FAILURE_REASONS]))
    .action(ending(retry));
}

async function retry(name: string, { newId, only, reasons, ...options }: RetryOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const { source, requestId } = await findRequest(workspace, name, options.source);
  const data = {
    source,
    requestId,
    ...(newId === undefined ? {} : { newRequestId: newId }),
    ...(only ? { only } : {}),
    ...(reasons ? { reasons } : {}),
  };
  const [reply] = await workspace.send([{ id: systemIds.nonce(), type: "retry", data }]);
  sayReply(
    out,
    reply,
    (answer) => `accepted ${answer.requestId}: granary watch ${answer.requestId} follows it`,
  );
}
