import { ProviderTrouble } from "@granary/domain";
import { pausesOf } from "../pausesOf.ts";
import { remedyFor } from "../remedies.ts";
import type { Workspace } from "../stack/workspace.ts";
import { instant } from "../terminal/format.ts";
import type { Symptom } from "./symptom.ts";
import { bad, fine, note } from "./symptom.ts";

const REACH_MS = 10_000;

/** Modes, reach (one list call each), pauses and what the sweeps have found. */
export async function examineAccounts(workspace: Workspace): Promise<readonly Symptom[]> {
  const symptoms = await Promise.all(
    [...workspace.catalogue.accounts.keys()].map(async (id) => [
      await reach(workspace, id),
      ...(await pauses(workspace, id)),
      ...(await sweep(workspace, id)),
    ]),
  );
  const refused = Object.values(workspace.config.refusals).map((why) => note("provider", why));
  return [...symptoms.flat(), ...refused];
}

async function reach({ catalogue, config }: Workspace, id: string): Promise<Symptom> {
  const about = `account ${id}`;
  const account = catalogue.accounts.get(id);
  if (!account) return bad(about, "is not configured", "see GRANARY_CONFIG");
  const { mode } = account.settings;
  if (mode === "simulated" && config.simulator.url === null)
    return fine(about, "simulated; its simulator comes up with granary up");
  try {
    await account.provider.list({ after: null, signal: AbortSignal.timeout(REACH_MS) });
    return fine(about, `${mode}, answers`);
  } catch (error) {
    if (error instanceof ProviderTrouble)
      return bad(about, `${mode}, does not do its work: ${error.message} (${error.code})`, remedyOf(error));
    if ((error as Error).name !== "TimeoutError") throw error;
    return bad(about, `${mode}, gave no answer in ${REACH_MS / 1000} s`, remedyFor("unreachable"));
  }
}

function remedyOf({ why }: ProviderTrouble): string {
  switch (why) {
    case "account":
    case "limit":
      return remedyFor(why);
    case "unreachable":
    case "unavailable":
      return remedyFor("unreachable");
    case "request":
    case "not_found":
      return "check the base URL: the endpoint does not know the call";
  }
}

async function pauses({ store }: Workspace, id: string): Promise<readonly Symptom[]> {
  const doc = await store.load("account", id);
  if (!doc) return [];
  return pausesOf(doc.pauses, await store.now()).map(({ scope, why, code, until, strikes, remedy }) => {
    const message = `${scope} is paused until ${instant(until)} (${why}, ${code}, ${strikes} times in a row)`;
    return why === "account" ? bad(`account ${id}`, message, remedy) : note(`account ${id}`, message, remedy);
  });
}

async function sweep({ store }: Workspace, id: string): Promise<readonly Symptom[]> {
  const doc = await store.load("sweep", id);
  if (!doc) return [];
  const symptoms: Symptom[] = [];
  if (doc.orphans.length > 0)
    symptoms.push(
      bad(
        `account ${id}`,
        `${doc.orphans.length} provider jobs carry our tag and belong to no task: ${doc.orphans.slice(0, 5).join(", ")}`,
        "was the store put back to an older copy? Put the newer one back, or cancel these jobs at the provider",
      ),
    );
  if (doc.lastError)
    symptoms.push(
      note(
        `account ${id}`,
        `its jobs could not be listed at ${instant(doc.lastError.at)}: ${doc.lastError.message}`,
      ),
    );
  return symptoms;
}
