import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { JOB_LIMITS } from "@granary/host";
import { describe, expect, test, vi } from "vitest";
import { scratch } from "./scratch.ts";
import type { Scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 150_000 });

interface Told {
  readonly ok: boolean;
  readonly account: string;
  readonly mode: string;
  readonly model: string;
  readonly mostMicros: number;
  readonly costMicros: number;
  readonly items: readonly { readonly key: string; readonly status: string; readonly output?: unknown }[];
  readonly jobs: readonly {
    readonly jobId: string;
    readonly createdMs: number;
    readonly firstSeenMs: number;
    readonly endedMs: number;
    readonly harvestedMs: number;
    readonly files: string;
  }[];
  readonly findings: readonly unknown[];
}

const modeOf = (provider: string) => ({ [`GRANARY_${provider.toUpperCase()}_MODE`]: "simulated" });
const LIVE = {
  GRANARY_OPENAI_MODE: "live",
  OPENAI_API_KEY: "sk-simulated-smoke",
  GRANARY_OPENAI_PROFILE: "fast",
};

/** Folders that smoke tests have left. */
function left(here: Scratch): readonly string[] {
  const folder = join(here.folder, ".granary");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("smoke-")) : [];
}

/** A simulator of its own, at the address it answers with. */
async function simulator(here: Scratch, scenario: unknown): Promise<string> {
  const file = here.write("scenario.json", JSON.stringify(scenario));
  const running = here.start(["simulator", "--port", "0", "--folder", "other", "--scenario", file]);
  return (await running.said(/listens at (\S+),/))[1] ?? "";
}

/** Arguments that are wrong, what is said about them, and the environment. */
type Refused = readonly [args: readonly string[], says: string, env?: Readonly<Record<string, string>>];

describe("granary smoke", () => {
  test.each(Object.keys(JOB_LIMITS))(
    "takes three items through a real job of %s, tells what it costs before and after, and leaves nothing",
    async (provider) => {
      await using here = scratch();
      const { code, stdout, stderr } = await here.granary(
        ["smoke", "--provider", provider, "--json"],
        modeOf(provider),
      );
      expect([code, stderr]).toEqual([0, expect.stringMatching(/3 items in 2 requests, at most \$0\.00\d+/)]);
      const told = JSON.parse(stdout) as Told;
      expect(told).toMatchObject({
        ok: true,
        account: `${provider}:simulated`,
        mode: "simulated",
        findings: [],
      });
      expect(told.items.map(({ key, status }) => `${key} ${status}`)).toEqual([
        "text succeeded",
        "system succeeded",
        "structured succeeded",
      ]);
      expect(told.items.at(-1)?.output).toEqual({ colour: expect.any(String) as string });
      expect(told.costMicros).toBeGreaterThan(0);
      expect(told.costMicros).toBeLessThanOrEqual(told.mostMicros);
      expect(told.jobs.length).toBeGreaterThan(0);
      for (const { createdMs, firstSeenMs, endedMs, harvestedMs } of told.jobs) {
        const instants = [firstSeenMs, endedMs, harvestedMs];
        expect(instants).toEqual(instants.toSorted((a, b) => a - b));
        expect(createdMs).toBeLessThanOrEqual(endedMs);
      }
      expect(left(here)).toEqual([]);
    },
  );

  test("says no well, and what it kept, where an item fails", async () => {
    await using here = scratch();
    const url = await simulator(here, { lines: [{ contains: "snow", answer: "refusal" }] });
    const { code, stdout, stderr } = await here.granary(["smoke", "--provider", "openai"], {
      GRANARY_SIMULATOR_URL: url,
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^system\tfailed \(refused\)/m);
    expect(stdout).toMatch(/^text\tsucceeded/m);
    expect(stdout).toContain("NOT all is well");
    const [folder = "none"] = left(here);
    expect(stderr).toContain(`everything is kept in .granary/${folder}`);
    expect(existsSync(join(here.folder, ".granary", folder, "granary.db"))).toBe(true);
  });

  test("spends nothing on a live account that nobody has agreed to, and all of it where somebody has", async () => {
    await using here = scratch();
    let asked = 0;
    const nobody = createServer((_request, response) => {
      asked += 1;
      response.writeHead(500).end();
    }).listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const port = (nobody.address() as AddressInfo).port;
    const refused = await here.granary(["smoke", "--provider", "openai"], {
      ...LIVE,
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    });
    nobody.close();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/openai:default \(live\), \S+: 3 items in 2 requests, at most \$\d/);
    expect(refused.stderr).toContain("--yes");
    expect([asked, left(here)]).toEqual([0, []]);

    const url = await simulator(here, {});
    const spent = await here.json<Told>(
      ["smoke", "--provider", "openai", "--model", "gpt-4o-mini", "--yes"],
      {
        ...LIVE,
        OPENAI_BASE_URL: `${url}/openai/v1`,
      },
    );
    expect(spent).toMatchObject({
      ok: true,
      mode: "live",
      model: "gpt-4o-mini",
      jobs: [{ files: "removed" }],
    });
  });

  test("works through a granary up where that is asked for, and needs one then", async () => {
    await using here = scratch();
    const alone = await here.granary(["smoke", "--provider", "openai", "--running"]);
    expect([alone.code, alone.stderr]).toEqual([3, expect.stringContaining("no granary up runs")]);
    await here.up();
    expect(await here.json<Told>(["smoke", "--provider", "openai", "--running"])).toMatchObject({ ok: true });
    expect(left(here)).toEqual([]);
    const { requests } = await here.json<{ requests: readonly { source: string }[] }>([
      "list",
      "--source",
      "smoke",
    ]);
    expect(requests).toHaveLength(2);
  });

  test("that is stopped tells how to bring home what it has begun", async () => {
    await using here = scratch();
    const env = { GRANARY_SIMULATOR_URL: await simulator(here, { pace: { jobMs: 4_000 } }) };
    const running = here.start(["smoke", "--provider", "openai"], env);
    await running.said(/1 running/);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    const set = [...stderr.matchAll(/(GRANARY_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
    const there = { ...(Object.fromEntries(set) as Record<string, string>), ...env };
    expect(Object.keys(there)).toContain("GRANARY_SQLITE");
    expect((await here.granary(["up", "--exit-when-idle"], there)).code).toBe(0);
    const list = await here.json<{ requests: readonly { result: string }[] }>(
      ["list", "--source", "smoke"],
      there,
    );
    expect(list.requests.map(({ result }) => result)).toEqual(["succeeded", "succeeded"]);
    const creates = readFileSync(join(here.folder, "other", "ledger.jsonl"), "utf8").match(
      /"kind":"create"/g,
    );
    expect(creates).toHaveLength(1);
  });

  const refused: readonly Refused[] = [
    [["smoke"], "--provider"],
    [["smoke", "--provider", "acme"], "Allowed choices are openai, gemini, anthropic"],
    [["smoke", "--provider", "gemini"], "set GRANARY_GEMINI_MODE", modeOf("openai")],
    [
      ["smoke", "--provider", "openai", "--account", "none"],
      "name one of openai's accounts with --account: openai:simulated",
    ],
    [["smoke", "--provider", "openai", "--model", "no-such-model"], "no-such-model cannot be tried"],
  ];
  test.each(refused.map(([args, says, env = {}]) => ({ args, says, env })))(
    "refuses $args before anything is written",
    async ({ args, says, env }) => {
      await using here = scratch();
      const { code, stderr } = await here.granary(args, env);
      expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
      expect(left(here)).toEqual([]);
    },
  );
});
