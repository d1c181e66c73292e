import { expect, test } from "vitest";
import { BAD_DAY, COLOUR, itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, stopped } from "../src/e2e/site.ts";

const FLASH = { provider: "gemini", model: "gemini-2.5-flash" };

test("Gemini and OpenAI work side by side through a bad day: lines in bodies and in files, none lost or paid twice", async () => {
  const scenario = { ...BAD_DAY, faults: [...BAD_DAY.faults] };
  const site = await openSite(await rigOfTest(), scenario, { GRANARY_GEMINI_MODE: "simulated" });
  const up = await site.up();
  expect(up.stdout()).toContain('"id":"gemini:simulated","mode":"simulated"');
  const requests = [
    // Up to a hundred lines travel in the create itself, more in a file.
    { requestId: "few", ...FLASH, items: itemsOf(20) },
    { requestId: "many", ...FLASH, items: itemsOf(250), isolate: true },
    { requestId: "colours", ...FLASH, items: itemsOf(30), output: COLOUR },
    { requestId: "elsewhere", items: itemsOf(40) },
    ...itemsOf(15).map((item, index) => ({ requestId: `single-${index}`, ...FLASH, items: [item] })),
  ];
  const replies = await site.submit(...requests);
  expect(replies.map(({ status }) => status)).toEqual(requests.map(() => "accepted"));
  await site.settles(120_000);
  expect((await stopped(up)).code).toBe(0);

  const { findings, unproven, creates, createdTwice } = await proveSite(site);
  expect({ findings, unproven, createdTwice }).toEqual({ findings: [], unproven: [], createdTwice: [] });
  const providers = new Set(creates.map(({ provider }) => provider));
  expect(providers).toEqual(new Set(["gemini", "openai"]));
  const colours = await site.request("colours");
  expect(colours.counts?.succeeded).toBeGreaterThan(20);
  expect(colours.costMicros).toBeGreaterThan(0);
}, 180_000);

test("what Gemini cannot take is refused before anything is paid, all faults at once", async () => {
  const site = await openSite(await rigOfTest(), {}, { GRANARY_GEMINI_MODE: "simulated" });
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
