import type { Command } from "commander";
import type { AccountUsage } from "@granary/domain";
import type { AccountConfig } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import { openGranary } from "../openGranary.ts";
import { pausesOf } from "../pausesOf.ts";
import { count, duration, instant, money } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

/** `granary providers`: accounts with their modes, limits, use and pauses. Nobody is called. */
export function providersCommand(): Command {
  return describedCommand("providers", "list the accounts: modes, limits, what is under way, pauses", [
    ["granary providers", "a table"],
    ["granary providers --json | jq '.accounts[].mode'", "for scripts"],
  ]).action(ending(providers));
}

async function providers(options: CommonOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const { config, store } = workspace;
  const now = await store.now();
  const accounts = await Promise.all(
    config.accounts.map(async (account) => {
      const usage = await store.usage(account.settings.id);
      const doc = await store.load("account", account.settings.id);
      return { ...accountSummary(account, usage), pauses: pausesOf(doc?.pauses ?? {}, now) };
    }),
  );
  if (out.json) {
    out.document({ accounts, refusals: config.refusals });
    return;
  }
  out.table(
    ["account", "mode", "at", "jobs", "spent today", "poll", "pauses"],
    accounts.map(({ id, mode, baseUrl, limits, jobs, spentMicros, pollMinMs, pollMaxMs, pauses }) => [
      id,
      mode,
      baseUrl ?? (mode === "simulated" ? "granary up's simulator" : "the provider"),
      limits.jobs === undefined ? count(jobs) : `${count(jobs)} of ${count(limits.jobs)}`,
      money(spentMicros),
      `${duration(pollMinMs)} to ${duration(pollMaxMs)}`,
      pauses.length === 0 ? "-" : pauses.map(({ scope, why }) => `${scope}: ${why}`).join(", "),
    ]),
  );
  for (const { id, pauses } of accounts)
    for (const { scope, code, until, remedy } of pauses)
      out.note(`${id} ${scope} is paused until ${instant(until)} (${code}): ${remedy}`);
  for (const why of Object.values(config.refusals)) out.note(why);
}

function accountSummary({ settings, baseUrl }: AccountConfig, usage: AccountUsage) {
  const { id, provider, mode, limits, durations } = settings;
  return {
    id,
    provider,
    mode,
    baseUrl,
    limits,
    pollMinMs: durations.pollMinMs,
    pollMaxMs: durations.pollMaxMs,
    jobs: usage.jobs,
    byModel: usage.byModel,
    spentMicros: usage.spentMicros,
    foreign: usage.foreign,
  };
}
