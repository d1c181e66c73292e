import { verify } from "@granary/checker";
import type { Report } from "@granary/checker";
import type { Workspace } from "@granary/cli";
import { outputValidator } from "@granary/providers";
import type { LedgerCreate } from "@granary/simulator";

/** Has the checker look at everything a workspace has, beside the provider's books, while nobody is at work. */
export async function checkWorkspace(workspace: Workspace, ledger: readonly LedgerCreate[]): Promise<Report> {
  const { store, artifacts, deps, catalogue } = workspace;
  const facts = workspace.facts();
  return verify(
    {
      store,
      artifacts,
      instance: deps.instance,
      accounts: catalogue.accounts,
      prices: catalogue.prices,
      outputValidator,
      ledger,
      ...(facts ? { facts } : {}),
    },
    { quiet: true },
  );
}
