import type { AccountDoc } from "@granary/domain";
import { newHead } from "@granary/domain";
import type { SubmitterDeps } from "./settings.ts";

/** Makes the document of each configured account, whose lease is the packer's. */
export async function ensureAccounts({ store, ids, catalogue }: SubmitterDeps): Promise<void> {
  const now = await store.now();
  for (const id of catalogue.accounts.keys()) {
    const doc: AccountDoc = {
      ...newHead({ id, by: ids.nonce(), dueAt: now }),
      state: "open",
      account: id,
      pauses: {},
      learned: {},
    };
    await store.insertOnce("account", doc);
  }
}
