import type { SweepDoc } from "@granary/domain";
import { newHead } from "@granary/domain";
import type { MonitorDeps } from "./settings.ts";

/** Makes the document of each configured account's sweep, whose lease is the sweeper's. */
export async function ensureSweeps({ store, ids, catalogue }: MonitorDeps): Promise<void> {
  const now = await store.now();
  for (const id of catalogue.accounts.keys()) {
    const doc: SweepDoc = {
      ...newHead({ id, by: ids.nonce(), dueAt: now }),
      state: "open",
      account: id,
      seq: 0,
      startedAt: null,
      foreign: { jobs: 0, lines: 0 },
      orphans: [],
      lastError: null,
    };
    await store.insertOnce("sweep", doc);
  }
}
