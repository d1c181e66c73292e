/** The checks that every service has. */
import type { Account, Catalogue, Clock, Store } from "@granary/domain";
import { ProviderTrouble } from "@granary/domain";
import { unobserved } from "../metrics/observedProvider.ts";
import { cachedCheck } from "./cachedCheck.ts";
import type { Check } from "./check.ts";
import type { Heartbeats } from "./heartbeats.ts";

/** Where a connection to NATS stands. A closed one never comes back; an away one does. */
export type NatsState = "connected" | "away" | "closed";

/** No account has such an id. */
const NO_ACCOUNT = "-";
const ACCOUNT_MS = 60_000;
const ACCOUNT_AGAIN_MS = 10_000;
const ACCOUNT_LIMIT_MS = 30_000;

/** Ready: the store answers a read. */
export function storeCheck(store: Pick<Store, "load">): Check {
  return {
    name: "store",
    look: async () => {
      // Its clock may be an estimate of ours: only a read proves that somebody is there.
      await store.load("account", NO_ACCOUNT);
      return { ok: true };
    },
  };
}

/** Ready: the connection to NATS stands. */
export function natsReadyCheck(state: () => NatsState): Check {
  return { name: "nats", look: () => ({ ok: state() === "connected", reason: state() }) };
}

/** Alive: the connection to NATS may be away, which heals by itself, but not closed. */
export function natsAliveCheck(state: () => NatsState): Check {
  return { name: "nats", look: () => ({ ok: state() !== "closed", reason: state() }) };
}

/** Alive: every loop has ticked lately. */
export function loopsCheck(heartbeats: Heartbeats, staleMs: number): Check {
  return {
    name: "loops",
    look: () => {
      const late = heartbeats.late(staleMs);
      if (late.length === 0) return { ok: true };
      return { ok: false, reason: `no sign of life for ${staleMs} ms from ${late.join(", ")}` };
    },
  };
}

/**
 * Ready: each account answers one list call, which proves key, base URL and network. A good answer stands for a
 * minute, a bad one for ten seconds. The mode of each is shown. These calls are in no metric: they are no progress.
 */
export function accountChecks(catalogue: Pick<Catalogue, "accounts">, clock: Clock): readonly Check[] {
  return [...catalogue.accounts.keys()].map((id) =>
    cachedCheck(
      {
        name: `account ${id}`,
        // Looked up anew each time: its key may have been exchanged.
        look: async (signal) => lookAtAccount(catalogue.accounts.get(id), signal),
      },
      { clock, everyMs: ACCOUNT_MS, againMs: ACCOUNT_AGAIN_MS, limitMs: ACCOUNT_LIMIT_MS },
    ),
  );
}

async function lookAtAccount(account: Account | undefined, signal: AbortSignal) {
  if (!account) return { ok: false, reason: "not configured here" };
  const detail = { mode: account.settings.mode };
  try {
    await unobserved(account.provider).list({ after: null, signal });
    return { ok: true, detail };
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    // The provider's message is left out: nobody knows what an endpoint puts into it.
    return { ok: false, reason: `${error.why} (${error.code})`, detail };
  }
}
