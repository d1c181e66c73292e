import type { Command, Reply } from "@granary/domain";
import type { AnyWorker } from "@granary/runtime";
import { ensureAccounts } from "./ensureAccounts.ts";
import { handleCommands } from "./handleCommands.ts";
import { openAccepted } from "./openAccepted.ts";
import { packAccount } from "./packAccount.ts";
import type { SubmitterDeps } from "./settings.ts";
import { submitTask } from "./submitTask.ts";

/** The submitter: accepts commands, cuts and packs, admits and creates. */
export interface Submitter {
  readonly handle: (batch: readonly Command[]) => Promise<readonly Reply[]>;
  readonly workers: readonly AnyWorker[];
  /** Makes the documents the workers are driven by. Repeatable. */
  readonly ensure: () => Promise<void>;
}

/** Creates under way at once in one process: each may stream an upload. */
const CREATES = 4;

export function submitter(deps: SubmitterDeps): Submitter {
  const accounts = [...deps.catalogue.accounts.keys()];
  const leaseMs = Math.min(
    30_000,
    ...[...deps.catalogue.accounts.values()].map((a) => a.settings.durations.leaseMs),
  );
  const common = { duty: "submitter", accounts, leaseMs } as const;
  return {
    handle: handleCommands(deps),
    ensure: async () => ensureAccounts(deps),
    workers: [
      { ...common, name: "openAccepted", kind: "request", concurrency: 4, step: openAccepted(deps) },
      {
        ...common,
        name: "packAccount",
        kind: "account",
        concurrency: accounts.length,
        step: packAccount(deps),
      },
      { ...common, name: "submitTask", kind: "task", concurrency: CREATES, step: submitTask(deps) },
    ],
  };
}
