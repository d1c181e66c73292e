/** V6 and V12: artifacts are what was recorded, parse to the same rows, and hold no key. */
import type { VerdictRow } from "@granary/domain";
import { customId } from "@granary/domain";
import { expect, test } from "vitest";
import { A, AGAIN, C, finishedWorld, SHARED } from "./finishedWorld.ts";
import type { FinishedWorld } from "./finishedWorld.ts";
import { found, of } from "./found.ts";
import { verdictsOf } from "./judgedTask.ts";
import { answer } from "./rawLines.ts";

const PATHS = [
  `${A}/input-11111111.jsonl`,
  `${A}/results-1.jsonl`,
  `shared/${SHARED}/manifest.jsonl`,
  `shared/${SHARED}/provider/results.jsonl`,
  `shared/${SHARED}/provider/errors.jsonl`,
  `shared/${SHARED}/verdicts-1.jsonl`,
  `${A}/${AGAIN}/verdicts-again-1.jsonl`,
];

test.for(PATHS)("V6 names %s when it is gone", async (path) => {
  await using world = await finishedWorld();
  await world.artifacts.remove(path);
  expect(of("V6", await world.check())).toContainEqual(
    expect.objectContaining({ id: path, path, message: "is recorded and is not there" }),
  );
});

test.for(PATHS)("V6 names %s when it is longer, or has other bytes", async (path) => {
  await using world = await finishedWorld();
  let text = "";
  for await (const chunk of world.artifacts.read(path)) text += Buffer.from(chunk).toString();
  await world.put(path, `${text} `);
  expect(of("V6", await world.check())).toContainEqual(
    expect.objectContaining({ id: path, message: expect.stringMatching("recorded are") as string }),
  );
  await world.put(path, text.replace("e", "E"));
  const report = await world.check();
  expect(of("V6", report)).toContainEqual(
    expect.objectContaining({ id: path, message: "has other bytes than were recorded" }),
  );
  expect(of("V3", report)).toEqual([]);
});

test("V6 says nothing but that a verdicts file is gone, where nothing else is known to be wrong", async () => {
  await using world = await finishedWorld();
  const path = `shared/${SHARED}/verdicts-1.jsonl`;
  await world.artifacts.remove(path);
  expect(found(await world.check())).toEqual([`V6 ${path}`]);
});

/** Other fields of a row; undefined takes one away. */
type Forgery = { readonly [Name in keyof VerdictRow]?: VerdictRow[Name] | undefined };

/** Commits one row otherwise; what follows from the row is left as it was. */
async function forgeRow(world: FinishedWorld, line: number, with_: Forgery): Promise<void> {
  const { verdicts } = world.shared.task;
  if (!verdicts) throw new Error("no verdicts");
  const { aside, unusedMicros } = verdicts;
  const rows = world.shared.rows.map((row) =>
    row.line === line ? ({ ...row, ...with_ } as VerdictRow) : row,
  );
  const forged = await verdictsOf(world, verdicts.path, rows, { aside, unusedMicros });
  await world.forge("task", SHARED, () => ({ verdicts: forged }));
}

const FORGERIES: readonly (readonly [string, number, Forgery, RegExp])[] = [
  ["another answer", 0, { output: "forged" }, /another answer/],
  ["no answer", 1, { output: undefined }, /lacks the answer/],
  ["another status", 4, { status: "expired" }, /is expired \(invalid_request\)/],
  ["another reason", 8, { reason: "refused" }, /says failed \(invalid_output\)/],
  ["another error", 8, { error: { code: "forged", message: "" } }, /the error forged/],
  ["another finish", 7, { finish: "length" }, /finished with length/],
  [
    "another usage",
    7,
    { usage: { inputTokens: 1, outputTokens: 1, cachedTokens: 0, reasoningTokens: 0 } },
    /usage/,
  ],
  ["another place", 3, { rawRef: { path: "elsewhere", offset: 0, length: 1 } }, /names elsewhere at 0/],
  ["no place", 3, { rawRef: undefined }, /names no line/],
  ["a budget that never stopped it", 4, { reason: "over_budget" }, /would not have travelled again/],
];

test.for(FORGERIES)("V6 names a row that has %s", async ([, line, with_, message]) => {
  await using world = await finishedWorld();
  await forgeRow(world, line, with_);
  expect(of("V6", await world.check())).toEqual([
    expect.objectContaining({
      id: `${SHARED}-${line}`,
      task: SHARED,
      line,
      message: expect.stringMatching(message) as string,
    }),
  ]);
});

test("V6 names a row whose line never came, and that says more than that", async () => {
  await using world = await finishedWorld();
  const { raw } = world.shared.task;
  const [results, errors] = raw;
  if (!results || !errors) throw new Error("no files");
  // Line 4 was in the file that is no longer recorded.
  await world.forge("task", SHARED, () => ({ raw: [results] }));
  expect(of("V6", await world.check()).map(({ id }) => id)).toEqual([`${SHARED}-2`, `${SHARED}-4`]);
});

test("V6 names what was set aside and is not there", async () => {
  await using world = await finishedWorld();
  await world.forge("task", SHARED, ({ verdicts }) => ({
    verdicts: verdicts && { ...verdicts, aside: { ...verdicts.aside, foreign: 0 } },
  }));
  expect(found(await world.check())).toEqual([`V6 ${SHARED}`]);
});

test("V6 names a replay's row that is not what the raw line says", async () => {
  await using world = await finishedWorld();
  const rows = world.replayed.map((row) => ({ ...row, output: "forged" }));
  const file = await verdictsOf(world, `${A}/${AGAIN}/verdicts-again-1.jsonl`, rows);
  await world.forge("task", AGAIN, ({ revisions }) => ({
    revisions: revisions.map((one) => ({ ...one, ...file })),
  }));
  expect(of("V6", await world.check())).toMatchObject([{ id: `${AGAIN}-0`, task: AGAIN }]);
});

test("V6 says what it could not prove without the dialect", async () => {
  await using world = await finishedWorld();
  const report = await world.check({}, { accounts: new Map() });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V6")?.skipped).toContain("openai:simulated");
});

test("V6 takes an answer as it is where there is no schema check", async () => {
  await using world = await finishedWorld();
  const { outputValidator: _none, ...deps } = world.deps;
  const { verify } = await import("../src/index.ts");
  expect((await verify(deps, { quiet: true })).findings).toEqual([]);
});

const KEY = "sk-proj-aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE";

test("V12 names a document, an outcome and files with something in the form of a key", async () => {
  await using world = await finishedWorld();
  await world.forge("request", C, () => ({ metadata: { note: `use ${KEY}` } }));
  await world.forge("task", SHARED, () => ({
    lastError: { code: "x", message: "Authorization: Bearer aB3dE5gH7jK9mN1pQ3sT5vX7", at: 1 },
  }));
  await world.put("shared/notes.txt", "AIzaSyA1234567890abcdefghijklmnopqrstuv");
  const [outcome] = await world.store.outcomes(A, { limit: 1 });
  if (!outcome) throw new Error("no outcome");
  await world.store.putOutcomes([{ ...outcome, revision: 5, output: KEY }]);
  const report = await world.check();
  expect(of("V12", report).map(({ id }) => id)).toEqual([`${A}:00000000`, C, SHARED, "shared/notes.txt"]);
  expect(JSON.stringify(report)).not.toContain(KEY.slice(0, 12));
});

test("V12 finds a key that lies across two chunks", async () => {
  await using world = await finishedWorld();
  await world.put("shared/large.txt", `${"x ".repeat(32 * 1024 - 5)}${KEY}`);
  expect(of("V12", await world.check())).toMatchObject([{ id: "shared/large.txt" }]);
});

test("V12 lets ordinary text be", async () => {
  await using world = await finishedWorld();
  const text = [
    "a task-based approach, risk-averse-and-slow-but-steady-2024Q1",
    "sk-learn-has-a-very-long-tail-of-classifiers",
    "Bearer of good news, bearer internationalisation-committee",
    "AIzawa is a name",
    customId(SHARED, 7),
    answer("sk-short1A", "nothing"),
  ].join("\n");
  await world.put("shared/ordinary.txt", text);
  expect(found(await world.check())).toEqual([]);
});
