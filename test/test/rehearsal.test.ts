import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLedger } from "@granary/simulator";
import { expect, test } from "vitest";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { linesAt } from "../src/distributed/loneService.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { keyOf, PROVIDERS, WRONG_KEY } from "../src/rehearsal/liveSide.ts";
import { auditLedgers } from "../src/rehearsal/auditLedgers.ts";
import { booksOf } from "../src/rehearsal/proveEnd.ts";
import type { Rehearsal } from "../src/rehearsal/rehearsal.ts";
import { openRehearsal } from "../src/rehearsal/rehearsal.ts";
import { closingTable, isGo, runRehearsal } from "../src/rehearsal/runRehearsal.ts";
import { STEPS } from "../src/rehearsal/steps.ts";

onSqlite(({ kind }) => {
  test("the rollout from all simulated to all live and back holds at every step, with work under way", async () => {
    const rig = await rigOfTest();
    const rehearsal = await openRehearsal(rig, { store: kind, replicas: 1 });
    const said: string[] = [];
    const reports = await runRehearsal(rehearsal, (line) => said.push(line));
    expect({ go: isGo(reports), said }).toMatchObject({ go: true });
    // Or a step may have proven nothing.
    expect(reports.map(({ title, proven }) => [title, proven.length > 0])).toEqual(
      STEPS.map(({ title }) => [title, true]),
    );
    const { services, folder } = rehearsal.site.stack;
    expect(services.flatMap((service) => linesAt(service, "error")).filter(isNotOfOutage)).toEqual([]);
    await expectBooksToBite(rehearsal);
    const codes = await rehearsal.site.stops();
    expect(codes).toEqual(services.map(() => 0));
    const logs = readdirSync(join(folder, "logs")).map((name) =>
      readFileSync(join(folder, "logs", name), "utf8"),
    );
    for (const key of [WRONG_KEY, ...PROVIDERS.map(keyOf)])
      expect([...said, ...logs].join("\n").includes(key)).toBe(false);
  }, 180_000);
});

test("a step that does not hold is no go, and what was not come to is told", () => {
  const [first] = STEPS;
  const reports = [{ title: first!.title, proven: ["a"], ms: 1_234, fault: "does not hold: b" }];
  expect(isGo(reports)).toBe(false);
  expect(closingTable(reports)).toContain("1.2 s  DOES NOT HOLD");
  expect(closingTable(reports).match(/not come to/g)).toHaveLength(STEPS.length - 1);
  expect(isGo(STEPS.slice(1).map(({ title }) => ({ title, proven: [], ms: 0, fault: null })))).toBe(false);
  expect(isGo(STEPS.map(({ title }) => ({ title, proven: [], ms: 0, fault: null })))).toBe(true);
});

/** Books in which a task has a job on both sides, or an item was paid for twice, are found wrong. */
async function expectBooksToBite({ site, live }: Rehearsal): Promise<void> {
  const books = booksOf({ site, live });
  expect((await auditLedgers(books)).faults).toEqual([]);
  const simulated = (await readLedger(books.simulatedFolder)).find((entry) => entry.kind === "create");
  const forged = join(site.rig.folder, "forged");
  mkdirSync(forged);
  const honest = readFileSync(join(live.folder, "ledger.jsonl"), "utf8");
  const crossed = { ...simulated, jobId: "batch_forged", scenario: "forged", faults: [] };
  writeFileSync(join(forged, "ledger.jsonl"), `${honest}${JSON.stringify(crossed)}\n`);
  const { tag = "" } = simulated ?? {};
  const { faults } = await auditLedgers({ ...books, liveFolder: forged });
  expect(faults).toContain(`${tag} has a job on the simulated side, and another on the live one`);
  expect(faults).toContain("the live job batch_forged has not ended");
  expect(faults.filter((fault) => fault.endsWith("was paid for 2 times"))).toHaveLength(
    simulated?.lines ?? 0,
  );
}

/** What the rehearsal itself makes of OpenAI is no fault of ours. */
function isNotOfOutage(line: string): boolean {
  return !line.includes("openai:default");
}
