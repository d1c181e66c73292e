import type { Command } from "commander";
import { systemIds } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { sayReply } from "../sayReply.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface CancelOptions extends CommonOptions {
  readonly source: string;
}

/** `granary cancel REQUEST`: asks for its end; what is there already is kept. */
export function cancelCommand(): Command {
  return describedCommand("cancel", "cancel a request; answers that are there already are kept", [
    ["granary cancel items-1a2b3c4d5e6f", "by the caller's id"],
    ["granary cancel nightly-7 --source nightly", "of another source"],
  ])
    .argument("<request>", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .action(ending(cancel));
}

async function cancel(name: string, options: CancelOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const { source, requestId } = await findRequest(workspace, name, options.source);
  const command = { id: systemIds.nonce(), type: "cancel", data: { source, requestId } } as const;
  const [reply] = await workspace.send([command]);
  sayReply(out, reply, ({ status }) =>
    status === "ended" ? `${requestId} had ended already` : `${requestId} is being cancelled`,
  );
}
