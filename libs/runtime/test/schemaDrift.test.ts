import { DRIFT_NAMES, OTHER_DRIFT } from "@granary/domain";
import { expect, test } from "vitest";
import { driftNotes, openMetrics } from "../src/index.ts";
import { anAccount, ID, openRig } from "./rig.ts";
import { counted } from "./scraped.ts";

async function rigWithNotes() {
  const rig = await openRig();
  const metrics = openMetrics({
    service: "monitor",
    version: "1",
    commit: "c",
    accounts: [{ id: ID, provider: "openai", mode: "simulated" }],
    runtime: false,
  });
  const notes = () =>
    driftNotes({ ...rig, count: (labels, times) => metrics.provider.drift.inc(labels, times) });
  const facts = async () =>
    (await rig.store.pendingFacts(1_000)).map(({ fact }) => (fact.data as { field: string }).field);
  return { ...rig, notes, facts, counts: async () => counted(metrics, "granary_schema_drift_total") };
}

const seen = (field: string, times = 1): ReadonlyMap<string, number> => new Map([[field, times]]);

test("drift is counted at each sighting, and told once, also by another process and after a restart", async () => {
  const { store, notes, facts, counts, told } = await rigWithNotes();
  await store.insertOnce("account", anAccount());
  const [one, other] = [notes(), notes()];
  await one.note(ID, "job", seen("status=paused", 2));
  await one.note(ID, "job", seen("status=paused"));
  await other.note(ID, "job", seen("status=paused"));
  await notes().note(ID, "line", seen("response.vibe", 7));
  expect(await counts()).toEqual(["openai job status=paused 4", "openai line response.vibe 7"]);
  expect(await facts()).toEqual(["status=paused", "response.vibe"]);
  expect(told).toEqual(["the provider's schema drifts", "the provider's schema drifts"]);
  expect(await store.load("account", ID)).toMatchObject({
    eventSeq: 2,
    drift: [{ object: "job" }, { object: "line" }],
  });
});

test("two processes that see it at the same moment tell of it once", async () => {
  const { store, notes, facts } = await rigWithNotes();
  await store.insertOnce("account", anAccount());
  await Promise.all(Array.from({ length: 5 }, async () => notes().note(ID, "job", seen("vibe"))));
  expect(await facts()).toEqual(["vibe"]);
});

test("drift seen before there is a document of the account is told once there is one", async () => {
  const { store, notes, facts, told } = await rigWithNotes();
  const one = notes();
  await one.note(ID, "job", seen("vibe"));
  expect([await facts(), told]).toEqual([[], []]);
  await store.insertOnce("account", anAccount());
  await one.note(ID, "job", seen("vibe"));
  expect(await facts()).toEqual(["vibe"]);
});

test("foreign names are bounded in form and number, and none of them is lost to the count", async () => {
  const { store, notes, facts, counts } = await rigWithNotes();
  await store.insertOnce("account", anAccount());
  const one = notes();
  await one.note(ID, "line", seen('a"}\nevil'));
  for (let at = 0; at < 3 * DRIFT_NAMES; at += 1) await one.note(ID, "line", seen(`field_${at}`));
  const rows = await counts();
  expect(rows).toHaveLength(DRIFT_NAMES + 1);
  expect(rows).toContain("openai line a?evil 1");
  expect(rows).toContain(`openai line ${OTHER_DRIFT} ${2 * DRIFT_NAMES + 1}`);
  expect(await facts()).toHaveLength(DRIFT_NAMES + 1);
  expect((await facts()).at(-1)).toBe(OTHER_DRIFT);
});
