import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readLedger } from "@granary/simulator";
import { expect, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import type { Site } from "../src/e2e/site.ts";
import { openBareSite, openSite, stopped } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const HAIKU = { provider: "anthropic", model: "claude-haiku-4-5" };
const FLASH = { provider: "gemini", model: "gemini-2.5-flash" };

/** Lines that fail travel again, so that a restored store has not heard of some of its own slices. */
const SCENARIO = {
  pace: { validatingMs: 50, jobMs: 1_500, lineMs: 1, finalizingMs: 50, jitter: 0.3 },
  rates: { error_500: 0.15 },
};

/** Puts a copy in the place of a store that nobody has open. */
async function restore(copy: string, database: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) await rm(`${database}${end}`, { force: true });
  await copyFile(copy, database);
}

const creates = async ({ simulatorFolder }: Site) =>
  (await readLedger(simulatorFolder)).filter((entry) => entry.kind === "create");

test("a store that is restored from an older copy adopts what it had created since, and creates nothing of it again", async () => {
  const rig = await rigOfTest();
  const env = { GRANARY_OPENAI_MAX_LINES: "25" };
  const site = await openSite(rig, SCENARIO, env);
  const database = site.env["GRANARY_SQLITE"] ?? "";
  const copy = join(rig.folder, "copy.db");
  const requests = [
    { requestId: "text", items: itemsOf(80) },
    { requestId: "letters", ...HAIKU, items: itemsOf(12) },
    { requestId: "few", ...FLASH, items: itemsOf(9) },
    ...itemsOf(6).map((item, at) => ({ requestId: `single-${at}`, source: `s${at}`, items: [item] })),
  ];
  for (const reply of await site.submit(...requests)) expect(reply.status).toBe("accepted");
  // As it is now: everything accepted, nothing created.
  const reader = new DatabaseSync(database);
  reader.exec(`VACUUM INTO '${copy}'`);
  reader.close();

  const first = await site.up();
  await waitUntil("jobs have ended, and others run", async () => {
    const tasks = await site.workspace.store.tasks({}, { limit: 500 });
    return (
      tasks.filter(({ state }) => state === "ended").length >= 3 &&
      tasks.some(({ state }) => state === "running")
    );
  });
  expect((await stopped(first)).code).toBe(0);
  const created = new Set((await creates(site)).map(({ jobId }) => jobId));
  expect(created.size).toBeGreaterThan(5);

  await site.workspace[Symbol.asyncDispose]();
  await restore(copy, database);
  const restored = await openBareSite(rig, { ...env, GRANARY_SIMULATOR_URL: site.simulator.url });
  const second = await restored.up();
  await restored.settles(120_000);
  expect((await stopped(second)).code).toBe(0);

  const { findings, createdTwice } = await proveSite(restored);
  expect(createdTwice).toEqual([]);
  // What the store had told before it was set back cannot be taken back.
  expect(findings.filter((finding) => !/^V10 .*was told, but its document only told/.test(finding))).toEqual(
    [],
  );
  // Every job of before has its task again: its answers were taken, and none of its items travelled anew.
  const tasks = await restored.workspace.store.tasks({}, { limit: 500 });
  const held = new Set(tasks.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId)));
  expect([...created].filter((jobId) => !held.has(jobId))).toEqual([]);
}, 240_000);
