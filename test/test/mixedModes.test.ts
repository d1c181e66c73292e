import type { ResultRow } from "@granary/harvester";
import { expect, test } from "vitest";
import { CLEAN, GRANARY } from "../src/distributed/distributedSite.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { linesAt, logOf } from "../src/distributed/loneService.ts";
import { metricSum, probe } from "../src/distributed/looks.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const KEY = "sk-proj-keyThatNobodyMaySee0123456789";
const PACE = { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 };
const MODELS = { openai: "gpt-4o-mini", gemini: "gemini-2.5-flash-lite", anthropic: "claude-haiku-4-5" };
const MODES = {
  "openai:default": "live",
  "gemini:simulated": "simulated",
  "anthropic:simulated": "simulated",
} as const;

onSqlite(({ kind }) => {
  test("one provider is live beside simulated ones, and each place says which: start, probes, metrics, commands, results", async () => {
    // Live by its mode and its key; that its API is the simulator's is nobody's business but this test's.
    const site = await siteOfTest({
      store: kind,
      scenario: { pace: PACE },
      replicas: 1,
      env: ({ GRANARY_SIMULATOR_URL: url }) => ({
        GRANARY_OPENAI_MODE: "live",
        OPENAI_API_KEY: KEY,
        OPENAI_BASE_URL: `${url}/openai/v1`,
        GRANARY_OPENAI_PROFILE: "fast",
      }),
    });
    const { services } = site.stack;
    const shown: string[] = [];
    for (const [provider, model] of Object.entries(MODELS))
      expect(
        await site.caller.submit({ requestId: provider, provider, model, items: itemsOf(5) }),
      ).toMatchObject({ status: "accepted" });
    for (const provider of Object.keys(MODELS)) await site.ends(provider);

    for (const service of services) {
      expect(accountsAtStart(logOf(service))).toEqual(MODES);
      const { status, text } = await probe(service, "readyz");
      expect(status).toBe(200);
      expect(accountsIn(text)).toEqual(MODES);
      shown.push(text, logOf(service));
    }
    for (const [account, mode] of Object.entries(MODES))
      expect([account, await metricSum(services, "granary_account_info", { account, mode })]).toEqual([
        account,
        services.length,
      ]);
    expect(await metricSum(services, "granary_account_info")).toBe(
      services.length * Object.keys(MODES).length,
    );

    const providers = await site.granary("providers", "--json");
    const listed = JSON.parse(providers.stdout) as { accounts: { id: string; mode: string }[] };
    expect(Object.fromEntries(listed.accounts.map(({ id, mode }) => [id, mode]))).toEqual(MODES);
    shown.push(providers.stdout);
    for (const [account, mode] of Object.entries(MODES)) {
      const [requestId = ""] = account.split(":", 1);
      const asked = [requestId, "--source", "e2e"] as const;
      const table = await site.granary("results", ...asked, "--format", "table");
      expect(table.stdout).toContain(account);
      const results = await site.granary("results", ...asked);
      expect(rowsOf(results.stdout)).toEqual(Array.from({ length: 5 }, () => [account, mode]));
      const text = await site.granary("show", ...asked);
      expect(text.stdout).toContain(`account    ${account} (${mode}), `);
      const whole = await site.granary("show", ...asked, "--json");
      const { request, tasks } = JSON.parse(whole.stdout) as Shown;
      expect(request).toMatchObject({ account, mode });
      const task = await site.granary("show", tasks[0]?.id ?? "", "--json");
      expect(JSON.parse(task.stdout)).toMatchObject({ account, mode });
      shown.push(table.stdout, results.stdout, text.stdout, whole.stdout, task.stdout);
    }

    // The embedded stack, in a folder of its own, on the same accounts.
    const { GRANARY_OPENAI_MODE, OPENAI_API_KEY, OPENAI_BASE_URL, GRANARY_SIMULATOR_URL } =
      site.stack.serviceEnv;
    const up = site.rig.node([GRANARY, "up"], {
      env: {
        GRANARY_OPENAI_MODE: GRANARY_OPENAI_MODE ?? "",
        OPENAI_API_KEY: OPENAI_API_KEY ?? "",
        OPENAI_BASE_URL: OPENAI_BASE_URL ?? "",
        GRANARY_SIMULATOR_URL: GRANARY_SIMULATOR_URL ?? "",
        GRANARY_GEMINI_MODE: "simulated",
        GRANARY_ANTHROPIC_MODE: "simulated",
        GRANARY_LOG_LEVEL: "trace",
      },
    });
    await waitUntil("granary is up", () => up.stdout().includes("bus        in process"), {
      state: () => up.stdout() + up.stderr(),
    });
    up.kill("SIGTERM");
    const { code, stdout, stderr } = await up.finish();
    expect({ code, stdout }).toMatchObject({ code: 0 });
    for (const [account, mode] of Object.entries(MODES))
      expect(stdout).toContain(`account    ${account}: ${mode} at ${GRANARY_SIMULATOR_URL}/`);
    shown.push(stdout, stderr);

    await site.settles();
    // The ledger cannot speak of a live account.
    expect(await site.prove()).toEqual({ ...CLEAN, unproven: ["V7", "V10"] });
    expect(services.flatMap((service) => linesAt(service, "error"))).toEqual([]);
    expect(await site.stops()).toEqual([0, 0, 0]);
    expect(shown.join("\n").includes(KEY)).toBe(false);
  }, 180_000);
});

interface Shown {
  readonly request: object;
  readonly tasks: readonly { readonly id: string }[];
}

/** The accounts that a service named with their modes as it started. */
function accountsAtStart(log: string): Readonly<Record<string, string>> {
  for (const line of log.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { accounts } = JSON.parse(line) as { readonly accounts?: readonly { id: string; mode: string }[] };
    if (accounts) return Object.fromEntries(accounts.map(({ id, mode }) => [id, mode]));
  }
  return {};
}

/** The accounts that a readiness probe proves, with their modes. */
function accountsIn(text: string): Readonly<Record<string, string>> {
  const { checks } = JSON.parse(text) as {
    readonly checks: readonly { readonly name: string; readonly detail?: { readonly mode: string } }[];
  };
  return Object.fromEntries(
    checks.flatMap(({ name, detail }) => (detail ? [[name.replace(/^account /, ""), detail.mode]] : [])),
  );
}

function rowsOf(jsonLines: string): readonly (readonly [string, string])[] {
  return jsonLines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ResultRow)
    .map(({ account, mode }) => [account, mode] as const);
}
