import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, SOURCE, stopped } from "../src/e2e/site.ts";
import type { Site } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const QUICK = { jobMs: 300, validatingMs: 50, finalizingMs: 50 };
/** Jobs that would run far longer than the test. */
const ENDLESS = { jobMs: 600_000, validatingMs: 50, finalizingMs: 50, cancellingMs: 300 };

async function runs(site: Site, requestId: string): Promise<void> {
  const { id } = await site.request(requestId);
  await waitUntil(`a job of ${requestId} runs`, async () => {
    const tasks = await site.workspace.store.tasks({ request: id }, { limit: 10 });
    return tasks.some(({ state, view }) => state === "running" && view?.status === "running");
  });
}

test("a request that is cancelled in the middle ends cancelled, and one that shares its job is not touched", async () => {
  const site = await openSite(await rigOfTest(), { pace: { ...QUICK, jobMs: 4_000 } });
  const up = await site.up();
  await site.submit(
    { requestId: "stays", items: itemsOf(30) },
    { requestId: "goes", items: itemsOf(20) },
    { requestId: "alone", items: itemsOf(25), model: "gpt-4.1" },
  );
  await runs(site, "goes");
  await runs(site, "alone");
  for (const requestId of ["goes", "alone"]) {
    expect(await site.granary("cancel", requestId, "--source", SOURCE)).toMatchObject({ code: 0 });
  }
  const goes = await site.reaches("goes", "ended");
  expect(goes).toMatchObject({ result: "cancelled", counts: { cancelled: 20 } });
  const alone = await site.reaches("alone", "ended");
  // What the provider had answered by then is kept.
  const { cancelled = 0, succeeded = 0 } = alone.counts ?? {};
  expect(cancelled + succeeded).toBe(25);
  expect(cancelled).toBeGreaterThan(0);
  expect(alone.result).toBe(succeeded > 0 ? "partial" : "cancelled");
  const stays = await site.reaches("stays", "ended");
  expect(stays).toMatchObject({ result: "succeeded", counts: { succeeded: 30 } });
  const again = await site.granary("cancel", "stays", "--source", SOURCE);
  expect(again.stdout + again.stderr).toContain("had ended already");

  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(new Set(creates.map(({ status }) => status))).toEqual(new Set(["cancelled", "completed"]));
  expect(creates).toHaveLength(2);
}, 60_000);

test("a deadline that passes while the job runs ends it, and what it left undone is expired", async () => {
  const site = await openSite(await rigOfTest(), { pace: ENDLESS });
  const up = await site.up();
  await site.submit({ requestId: "late", items: itemsOf(40), deadline: "4s" });
  await runs(site, "late");
  const late = await site.reaches("late", "ended");
  const { expired = 0, succeeded = 0 } = late.counts ?? {};
  expect(expired + succeeded).toBe(40);
  expect(late.result).toBe(succeeded > 0 ? "partial" : "timed_out");
  expect(expired).toBeGreaterThan(0);

  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates.map(({ status }) => status)).toEqual(["cancelled"]);
}, 60_000);

test("items that failed travel again as a new request, and a replay of raw files changes nothing that was right", async () => {
  const lines = [
    { contains: "number 3.", answer: "refusal" as const },
    { contains: "number 4.", answer: "refusal" as const },
  ];
  const site = await openSite(await rigOfTest(), { pace: QUICK, lines });
  const up = await site.up();
  await site.submit({ requestId: "first", items: itemsOf(20) });
  const first = await site.reaches("first", "ended");
  expect(first.counts).toMatchObject({ succeeded: 18, failed: 2, byReason: { refused: 2 } });

  await site.simulator.change({ pace: QUICK });
  const retry = await site.granary("retry", "first", "--source", SOURCE, "--only", "failed");
  expect(retry).toMatchObject({ code: 0 });
  const second = await site.reaches("first-retry", "ended");
  expect(second).toMatchObject({ parent: first.id, itemCount: 2, counts: { succeeded: 2 } });
  const results = await site.granary("results", "first-retry", "--source", SOURCE);
  expect(keysOf(results.stdout)).toEqual(["k3", "k4"]);

  const [task] = await site.workspace.store.tasks({ request: first.id }, { limit: 1 });
  const replay = await site.granary("harvest", "--again", task?.id ?? "");
  expect(replay).toMatchObject({ code: 0 });
  const revised = await waitUntil("the request is revised", async () => {
    const doc = await site.request("first");
    return doc.revision === 1 && doc.state === "ended" && doc;
  });
  expect(revised.counts).toEqual(first.counts);
  expect(revised.costMicros).toBe(first.costMicros);

  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates).toHaveLength(2);
}, 60_000);

function keysOf(jsonLines: string): readonly string[] {
  return jsonLines
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { readonly key: string }).key);
}

test("a submission that is repeated changes nothing, and other content under the same id is a conflict", async () => {
  const rig = await rigOfTest();
  const site = await openSite(rig, { pace: QUICK });
  const up = await site.up();
  const path = join(rig.folder, "items.jsonl");
  const submit = ["submit", path, "--model", "gpt-4o-mini", "--id", "r1", "--source", SOURCE] as const;

  await writeFile(path, asJsonLines("Say"));
  const first = await site.granary(...submit);
  expect(first).toMatchObject({ code: 0 });
  const before = await site.request("r1");
  const repeated = await Promise.all([site.granary(...submit), site.granary(...submit, "--no-wait")]);
  for (const finished of repeated) expect(finished).toMatchObject({ code: 0 });
  const replies = await site.submit({ requestId: "r1", items: itemsOf(10, "Say") });
  expect(replies.map(({ status, id }) => ({ status, id }))).toEqual([{ status: "ended", id: before.id }]);
  expect(await site.request("r1")).toEqual(before);

  await writeFile(path, asJsonLines("Shout"));
  const conflict = await site.granary(...submit);
  expect(conflict.code).toBe(2);
  expect(conflict.stderr).toContain("was accepted with other content");
  const [refused] = await site.submit({ requestId: "r1", items: itemsOf(9, "Say") });
  expect(refused?.status).toBe("conflict");
  expect(await site.request("r1")).toEqual(before);

  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates).toHaveLength(1);
}, 60_000);

function asJsonLines(text: string): string {
  return itemsOf(10, text)
    .map((item) => JSON.stringify(item))
    .join("\n");
}
