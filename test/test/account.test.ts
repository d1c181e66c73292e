import { expect, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openBareSite, openSite, stopped } from "../src/e2e/site.ts";
import type { Site } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

/** The key every simulated account has. */
const SIMULATED_KEY = "sk-simulated";
const PACE = { jobMs: 300, validatingMs: 50, finalizingMs: 50 };

/** Waits until the only task says that it waits for its account, and answers why. */
async function waitsForAccount({ workspace }: Site): Promise<string> {
  const task = await waitUntil(
    "a task waits for its account",
    async () =>
      (await workspace.store.tasks({}, { limit: 10 })).find(({ waitsFor }) => waitsFor === "account"),
    { deadlineMs: 20_000 },
  );
  return `${task.lastError?.code} ${task.lastError?.message}`;
}

test("a request waits for its account while the key is revoked, and goes on by itself when it is healed", async () => {
  const site = await openSite(await rigOfTest(), { pace: PACE, keys: { revoked: [SIMULATED_KEY] } });
  const up = await site.up();
  const [reply] = await site.submit({ requestId: "r1", items: itemsOf(20) });
  expect(reply?.status).toBe("accepted");
  expect(await waitsForAccount(site)).toMatch(/key/i);
  const shown = await site.granary("show", "r1", "--source", "e2e", "--json");
  expect(shown.stdout).toContain('"waitsFor":"account"');

  await site.simulator.change({ pace: PACE });
  const ended = await site.reaches("r1", "ended");
  expect(ended.counts).toMatchObject({ succeeded: 20, failed: 0, expired: 0, cancelled: 0 });
  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates).toHaveLength(1);
}, 60_000);

test("a live account runs the same path: it waits while its quota is exhausted, and goes on at once when told to", async () => {
  const key = "sk-live-0123456789";
  const site = await openSite(await rigOfTest(), { pace: PACE, keys: { exhausted: [key] } });
  const live = {
    ...site.env,
    GRANARY_OPENAI_MODE: "live",
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: `${site.simulator.url}/openai/v1`,
    GRANARY_OPENAI_PROFILE: "fast",
  };
  const liveSite = await openBareSite(site.rig, live);
  const up = await liveSite.up();
  expect(up.stdout()).toContain('"id":"openai:default","mode":"live"');
  await liveSite.submit({ requestId: "r1", items: itemsOf(20) });
  expect(await waitsForAccount(liveSite)).toContain("insufficient_quota");

  await site.simulator.change({ pace: PACE });
  const polled = await liveSite.granary("poll", "--account", "openai:default");
  expect(polled).toMatchObject({ code: 0 });
  const ended = await liveSite.reaches("r1", "ended", 5_000);
  expect(ended.account).toBe("openai:default");
  expect(ended.counts?.succeeded).toBe(20);
  await liveSite.settles();
  const { code, stdout, stderr } = await stopped(up);
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(key);
  const { findings, unproven, creates } = await proveSite(liveSite);
  // No ledger speaks of a live account.
  expect({ findings, unproven }).toEqual({ findings: [], unproven: ["V7"] });
  expect(creates).toHaveLength(1);
}, 60_000);
