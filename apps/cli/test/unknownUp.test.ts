import { join } from "node:path";
import type { TaskDoc } from "@granary/domain";
import { systemClock, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import { expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 120_000 });
const PATIENCE_MS = 60_000;

const isGuess = ({ state, jobs }: TaskDoc): boolean =>
  state === "running" && jobs.some(({ how }) => how === "provisional");

test("an operator's word settles creates whose answer was lost, in a stack that runs", async () => {
  await using here = scratch();
  const path = join(here.folder, "up.db");
  const env = {
    GRANARY_SQLITE: path,
    GRANARY_ANTHROPIC_MODE: "simulated",
    GRANARY_ANTHROPIC_LINGER: "10ms",
    GRANARY_ANTHROPIC_JOB_TIMEOUT: "1h",
  };
  // The first two creates are carried out and not answered, and no job ends, so that no results tell whose they are.
  const scenario = here.write(
    "scenario.json",
    JSON.stringify({
      pace: { jobMs: 3_600_000 },
      faults: [{ on: "create", what: "response_lost", nth: 1, times: 2, provider: "anthropic" }],
    }),
  );
  await here.up(["--scenario", scenario], env);
  await using opened = new AsyncDisposableStack();
  const store = sqliteStore({ path, clock: systemClock, ids: systemIds });
  opened.defer(async () => store.close());

  async function until(isThere: (task: TaskDoc) => boolean): Promise<TaskDoc> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const tasks = await store.tasks({}, { limit: 10 });
      const found = tasks.find(isThere);
      if (found) return found;
      if (performance.now() > deadline)
        throw new Error(`never came: ${isThere.toString()} ${JSON.stringify(tasks)}`);
      await systemClock.sleep(50);
    }
  }
  const confirmed = async (...args: readonly string[]): Promise<void> => {
    const { confirm } = await here.json<{ confirm: { code: string } }>(["unknown", ...args], env);
    const said = await here.granary(["unknown", ...args, "--confirm", confirm.code], env);
    expect(said).toMatchObject({ code: 0, stderr: "" });
  };

  const file = here.write("few.jsonl", items(3));
  const submit = ["submit", file, "--model", "claude-sonnet-4-5", "--no-wait", "--provider", "anthropic"];
  expect(await here.granary([...submit, "--id", "first"], env)).toMatchObject({ code: 0 });
  const guessed = await until(isGuess);
  const jobId = guessed.jobs[0]?.jobId ?? "";
  await confirmed("attach", guessed.id, jobId);
  expect(await until(({ id, jobs }) => id === guessed.id && jobs[0]?.how === "adopted")).toMatchObject({
    state: "running",
    attempt: 1,
    holds: `anthropic:simulated/${jobId}`,
  });

  expect(await here.granary([...submit, "--id", "second"], env)).toMatchObject({ code: 0 });
  const doubted = await until(isGuess);
  await confirmed("declare-not-created", doubted.id);
  const again = await until(
    ({ id, attempt, state }) => id === doubted.id && attempt === 2 && state === "running",
  );
  expect(again).toMatchObject({
    jobs: [{ how: "created" }],
    mistaken: [doubted.jobs[0]?.jobId],
    verdictsOfOperators: [{ attempt: 1, says: "not_created" }],
  });
  expect(again.jobs).toHaveLength(1);
  expect(await here.json(["unknown", "list"], env)).toEqual({ unknown: [] });
  const { jobs } = await here.json<{ jobs: readonly { jobId: string; owner: string }[] }>(
    ["jobs", "--account", "anthropic:simulated"],
    env,
  );
  // The one that was declared not to be there runs on: it is nobody's to cancel.
  expect(jobs.map(({ owner }) => owner).toSorted()).toEqual(["foreign", "held", "held"]);
});
