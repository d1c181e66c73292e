import { isDeepStrictEqual } from "node:util";
import { factFaults } from "../distributed/factCollector.ts";
import { proveSite } from "../e2e/proveSite.ts";
import type { AuditOptions } from "./auditLedgers.ts";
import { auditLedgers } from "./auditLedgers.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { Prove } from "./step.ts";

/** Rules that the checker leaves to others: live jobs are in no ledger it knows, and facts are on the bus alone. */
const LEFT_TO_US = ["V7", "V10"];

/** What checker, both ledgers and the stream of facts say once nothing is left to do. */
export async function proveEnd({ site, live, granary }: Rehearsal, prove: Prove): Promise<void> {
  const { store, facts, caller, stack } = site;
  await site.settles();
  const { findings, unproven, createdTwice, report } = await proveSite({
    granary: async (...args) => granary(args),
    simulatorFolder: `${stack.folder}/simulator`,
  });
  prove("granary verify finds nothing", findings.length === 0, findings);
  prove(
    "and has looked at all it can",
    isDeepStrictEqual(unproven, LEFT_TO_US) && createdTwice.length === 0,
    unproven,
  );
  prove(
    "no request and no task is open",
    isDeepStrictEqual(report.open, { requests: 0, tasks: 0 }),
    report.open,
  );
  const { faults, items, wanted } = await auditLedgers(booksOf({ site, live }));
  prove(
    `both ledgers: ${items.simulated} simulated and ${items.live} live items, each paid for once`,
    faults.length === 0 && items.simulated + items.live === wanted && items.live > 0,
    { faults, items, wanted },
  );
  await facts.hearStream();
  const told = await factFaults(store, facts);
  prove("every request ended once, and said so once", told.length === 0, told);
  const inStream = await caller.messagesIn("GRANARY_FACTS");
  prove(`${facts.heard.size} facts lie in the stream, none of them twice`, inStream === facts.heard.size, {
    inStream,
    heard: facts.heard.size,
  });
}

/** Where the books of both sides lie. */
export function booksOf({ site, live }: Pick<Rehearsal, "site" | "live">): AuditOptions {
  const { folder } = site.stack;
  return {
    store: site.store,
    artifactsFolder: `${folder}/artifacts`,
    simulatedFolder: `${folder}/simulator`,
    liveFolder: live.folder,
  };
}
