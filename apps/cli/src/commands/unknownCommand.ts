import type { Command } from "commander";
import { describedCommand, ending, groupCommand } from "../command.ts";
import { listUnknown } from "../unknown/listUnknown.ts";
import { settleUnknown } from "../unknown/settleUnknown.ts";
import type { SettleOptions } from "../unknown/settleUnknown.ts";

/** `granary unknown`: creates whose answer was lost, how far it is settled whether there is a job, and a person's word. */
export function unknownCommand(): Command {
  return groupCommand(
    "unknown",
    "creates whose answer was lost: nothing is created again until they are settled",
    [
      describedCommand("list", "list creates whose outcome is not known yet, and what each waits for", [
        [
          "granary unknown list",
          "since when, how many passes over the job list there were, and which jobs fit",
        ],
      ]).action(ending(listUnknown)),
      inTwoSteps(
        describedCommand("attach", "say that a job is the one a create made; asks for a code first", [
          [
            "granary unknown attach gr1x9k-abcdefghij234567klmn msgbatch_01",
            "what there is to see, and the code",
          ],
          ["granary unknown attach gr1x9k-… msgbatch_01 --confirm k3v9q2ab", "says it"],
        ])
          .argument("<task>", "the task in doubt, as the list names it")
          .argument("<job>", "the job's id at the provider"),
      ).action(
        ending(async (taskId: string, jobId: string, options: SettleOptions) =>
          settleUnknown(taskId, jobId, options),
        ),
      ),
      inTwoSteps(
        describedCommand(
          "declare-not-created",
          "say that no job came of a create: its lines are sent again; asks for a code first",
          [
            [
              "granary unknown declare-not-created gr1x9k-abcdefghij234567klmn",
              "what there is to see, and the code",
            ],
            ["granary unknown declare-not-created gr1x9k-… --confirm k3v9q2ab", "says it"],
          ],
        ).argument("<task>", "the task in doubt, as the list names it"),
      ).action(
        ending(async (taskId: string, options: SettleOptions) => settleUnknown(taskId, null, options)),
      ),
    ],
  );
}

function inTwoSteps(command: Command): Command {
  return command
    .option("--note <text>", "why, to be kept with it")
    .option("--by <name>", "who says so (default: the user of this process)")
    .option("--confirm <code>", "the code that the first step printed; without it nothing is changed");
}
