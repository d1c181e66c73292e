import { expect, test } from "vitest";
import { BAD_DAY, COLOUR, itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, stopped } from "../src/e2e/site.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const FLASH = { provider: "gemini", model: "gemini-2.5-flash" };
const HAIKU = { provider: "anthropic", model: "claude-haiku-4-5" };

test("three providers work side by side through a bad day: lines in bodies and in files, tags shown and hidden, none lost or paid twice", async () => {
  const scenario = { ...BAD_DAY, faults: [...BAD_DAY.faults] };
  const site = await openSite(await rigOfTest(), scenario);
  const up = await site.up();
  for (const provider of ["openai", "gemini", "anthropic"])
    expect(up.stdout()).toContain(`"id":"${provider}:simulated","mode":"simulated"`);
  const requests = [
    // Up to a hundred lines travel in the create itself, more in a file.
    { requestId: "few", ...FLASH, items: itemsOf(20) },
    { requestId: "many", ...FLASH, items: itemsOf(250), isolate: true },
    { requestId: "colours", ...FLASH, items: itemsOf(30), output: COLOUR },
    { requestId: "elsewhere", items: itemsOf(40) },
    ...itemsOf(15).map((item, index) => ({ requestId: `single-${index}`, ...FLASH, items: [item] })),
    { requestId: "letters", ...HAIKU, items: itemsOf(200), isolate: true },
    { requestId: "hues", ...HAIKU, items: itemsOf(30), output: COLOUR, isolate: true },
    // Of one length: which of them is whose is not told by the number of lines alone.
    ...[0, 1, 2, 3, 4, 5].map((number) => ({
      requestId: `alike-${number}`,
      ...HAIKU,
      source: `source-${number}`,
      isolate: true,
      items: itemsOf(5),
    })),
  ];
  const replies = await site.submit(...requests);
  expect(replies.map(({ status }) => status)).toEqual(requests.map(() => "accepted"));
  await site.settles(180_000);
  expect((await stopped(up)).code).toBe(0);

  const { findings, unproven, creates, createdTwice } = await proveSite(site);
  expect({ findings, unproven, createdTwice }).toEqual({ findings: [], unproven: [], createdTwice: [] });
  const providers = new Set(creates.map(({ provider }) => provider));
  expect(providers).toEqual(new Set(["anthropic", "gemini", "openai"]));
  for (const requestId of ["colours", "hues"]) {
    const { counts, costMicros } = await site.request(requestId);
    expect(counts?.succeeded).toBeGreaterThan(20);
    expect(costMicros).toBeGreaterThan(0);
  }
}, 240_000);

/** Another program's batch under the same key, with custom ids of its own. */
async function createAnothers(simulator: string, lines: number): Promise<string> {
  const params = { model: HAIKU.model, max_tokens: 50, messages: [{ role: "user", content: "Hello." }] };
  const response = await fetch(`${simulator}/anthropic/v1/messages/batches`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": "sk-simulated",
      "anthropic-version": "2026-10-21",
    },
    body: JSON.stringify({
      requests: Array.from({ length: lines }, (_, at) => ({ custom_id: `letter-${at}`, params })),
    }),
  });
  const { id } = (await response.json()) as { id?: string };
  if (!id) throw new Error(`no batch was created: ${response.status}`);
  return id;
}

test("a lost create at Anthropic is told from another program's batch of the same length, by their results", async () => {
  const site = await openSite(await rigOfTest(), {
    pace: { validatingMs: 50, jobMs: 6_000, finalizingMs: 50, jitter: 0 },
    faults: [{ on: "create", what: "response_lost", provider: "anthropic", nth: 1 }],
  });
  const up = await site.up();
  await site.submit({ requestId: "lost", ...HAIKU, items: itemsOf(5) });
  const { store } = site.workspace;
  const unknown = async () => (await store.tasks({ states: ["unknown"] }, { limit: 2 }))[0];
  const task = await waitUntil("the create's answer is lost", unknown);
  const anothers = await createAnothers(site.simulator.url, 5);
  const listed = await waitUntil("both are seen as candidates", async () => {
    const { candidates } = (await store.load("sweep", "anthropic:simulated")) ?? {};
    return (candidates?.[task.id] ?? []).length === 2 && candidates?.[task.id];
  });
  expect(listed).toContain(anothers);
  await site.settles(60_000);
  expect((await stopped(up)).code).toBe(0);
  const settled = await store.load("task", task.id);
  expect(settled).toMatchObject({ attempt: 1, jobs: [{ how: "adopted" }] });
  expect(settled?.jobs[0]?.jobId).not.toBe(anothers);
  const { findings, creates } = await proveSite(site);
  expect(findings).toEqual([]);
  expect(creates.filter(({ tag }) => tag === task.id)).toHaveLength(1);
  expect(creates.find(({ jobId }) => jobId === anothers)).toMatchObject({ status: "completed" });
}, 120_000);

test("what Gemini cannot take is refused before anything is paid, all faults at once", async () => {
  const site = await openSite(await rigOfTest(), {});
  const items = [
    { key: "a", body: { messages: [{ role: "user", content: "of another provider" }] } },
    { key: "b", body: { model: "gpt-4o-mini", contents: [{ parts: [{ text: "of another model" }] }] } },
  ];
  const [wrongBody, wrongModel] = await site.submit(
    { requestId: "body", ...FLASH, items },
    { requestId: "model", provider: "gemini", model: "gpt-4o-mini", items: itemsOf(1) },
  );
  expect(wrongBody).toMatchObject({ status: "rejected" });
  expect(new Set(wrongBody?.faults?.map(({ key }) => key))).toEqual(new Set(["a", "b"]));
  expect(wrongModel).toMatchObject({ status: "rejected", faults: [{ path: "model" }] });
  expect(await site.workspace.store.requests({}, { limit: 1 })).toEqual([]);
});
