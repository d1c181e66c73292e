/** V9 and V10: documents that are not done are due, and all they told was published. */
import { expect, test } from "vitest";
import { ACCOUNT } from "./documents.ts";
import { A, AGAIN, B, C, finishedWorld, SHARED, VOID } from "./finishedWorld.ts";
import { found, of } from "./found.ts";
import { NOW } from "./documents.ts";

const MINUTE_MS = 60_000;

test("V9 names documents that are not done and never due", async () => {
  await using world = await finishedWorld();
  await world.forge("task", VOID, () => ({}), null);
  await world.forge("request", C, () => ({ state: "running" as const }), null);
  await world.forge("task", AGAIN, () => ({ again: { n: 2 } }), null);
  await world.forge("account", ACCOUNT, () => ({}), null);
  const report = await world.check();
  expect(of("V9", report)).toMatchObject([
    { id: C, request: C },
    { id: AGAIN, task: AGAIN },
    { id: VOID, task: VOID },
    { id: ACCOUNT },
  ]);
});

test("V9 names what is overdue by more than the grace, and not what somebody holds", async () => {
  await using world = await finishedWorld();
  await world.forge("request", B, () => ({ state: "closing" as const }), NOW - MINUTE_MS - 1);
  expect(of("V9", await world.check())).toMatchObject([
    { id: B, request: B, message: "request (closing) is overdue for 60 s" },
  ]);
  expect(of("V9", await world.check({ graceMs: 2 * MINUTE_MS }))).toEqual([]);
  const filter = { duty: "harvester", owner: "somebody", leaseMs: 5_000, limit: 1 } as const;
  const [claimed] = await world.store.claimDue("request", filter);
  expect(claimed?.id).toBe(B);
  expect(of("V9", await world.check())).toEqual([]);
  expect(of("V9", await world.check({ now: NOW + MINUTE_MS + 5_001 }))).toMatchObject([{ id: B }]);
});

test("V9 asks for periodic looks only where somebody is at work", async () => {
  await using world = await finishedWorld();
  const now = NOW + MINUTE_MS + 1;
  expect(of("V9", await world.check({ now }))).toEqual([]);
  expect(of("V9", await world.check({ now, quiet: false })).map(({ id }) => id)).toEqual([
    VOID,
    ACCOUNT,
    ACCOUNT,
  ]);
});

test("V9 names a replay that was committed and is never applied", async () => {
  await using world = await finishedWorld();
  await world.forge(
    "task",
    AGAIN,
    ({ revisions }) => ({
      revisions: revisions.map((revision) => ({ ...revision, appliedAt: null })),
    }),
    null,
  );
  expect(found(await world.check())).toEqual([`V9 ${AGAIN}`]);
});

test("V10 names a fact that is neither published nor waiting", async () => {
  await using world = await finishedWorld();
  const facts = world.published.filter(({ id }) => id !== `task:${SHARED}:1`);
  const report = await world.check({}, { facts });
  expect(found(report)).toEqual([`V10 task:${SHARED}:1`]);
  expect(of("V10", report)).toMatchObject([{ fact: `task:${SHARED}:1` }]);
  expect(found(await world.check({}, { facts: [] })).length).toBe(10);
});

test("V10 takes facts in any order, twice, and from the outbox", async () => {
  await using world = await finishedWorld();
  const [first] = world.published;
  if (!first) throw new Error("no fact");
  const next = { ...first, id: `request:${B}:3` };
  await world.forge("request", B, () => ({}));
  const held = await world.store.load("request", B);
  if (!held) throw new Error("no request");
  await world.store.save("request", held, held, { facts: [next], asOwner: false });
  const facts = [...world.published.toReversed(), ...world.published];
  expect(found(await world.check({}, { facts }))).toEqual([]);
});

test("V10 names a fact that has waited for more than ten minutes", async () => {
  await using world = await finishedWorld();
  const [first] = world.published;
  const held = await world.store.load("request", B);
  if (!first || !held) throw new Error("no fact");
  const fact = { ...first, id: `request:${B}:3` };
  await world.store.save("request", held, held, { facts: [fact], asOwner: false });
  expect(of("V10", await world.check({ now: NOW + 600_001, graceMs: 10 * MINUTE_MS * 2 }))).toMatchObject([
    { id: `request:${B}:3`, fact: `request:${B}:3` },
  ]);
});

test("V10 names a fact of which its document knows nothing", async () => {
  await using world = await finishedWorld();
  const [first] = world.published;
  if (!first) throw new Error("no fact");
  world.published.push(
    { ...first, id: `request:${A}:7` },
    { ...first, id: "task:grtest-gone:1" },
    { ...first, id: "rejected:some-command:1" },
  );
  expect(found(await world.check())).toEqual([`V10 request:${A}:7`, "V10 task:grtest-gone:1"]);
});

test("V10 says that it was not told what was published", async () => {
  await using world = await finishedWorld();
  const { facts: _facts, ...deps } = world.deps;
  const { verify } = await import("../src/index.ts");
  const report = await verify(deps, { quiet: true });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V10")?.skipped).toMatch("not known");
});

test("V9 names an ended task whose files at the provider nobody will remove, until they are gone or left there", async () => {
  await using world = await finishedWorld();
  const files = { tries: 1, closedAt: null, outcome: null };
  await world.forge("task", AGAIN, () => ({ files }), null);
  expect(of("V9", await world.check())).toMatchObject([{ id: AGAIN, task: AGAIN }]);
  await world.forge("task", AGAIN, () => ({ files }), NOW);
  expect(of("V9", await world.check())).toEqual([]);
  await world.forge(
    "task",
    AGAIN,
    () => ({ files: { tries: 1, closedAt: NOW, outcome: "left" as const } }),
    null,
  );
  expect(of("V9", await world.check())).toEqual([]);
});
