import { join } from "node:path";
import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { pythonWithNats } from "../src/distributed/pythonWithNats.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { ROOT } from "../src/e2e/rig.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const MOODS = { "Arrived broken": "angry", "My children": "calm", "Three weeks late": "angry" };
const SCENARIO = {
  pace: { validatingMs: 50, jobMs: 500, lineMs: 0, finalizingMs: 50 },
  lines: Object.entries(MOODS).map(([contains, mood]) => ({
    contains: `How does this reviewer feel? ${contains}`,
    answer: "text" as const,
    text: JSON.stringify({ mood, why: "so it sounds" }),
  })),
};
const TEST_MS = 120_000;

onSqlite(({ kind }) => {
  const site = siteOfTests({ store: kind, scenario: SCENARIO });

  function example(name: string, ...args: readonly string[]) {
    return site().rig.node([join(ROOT, "examples", name), ...args], {
      env: { NATS_URL: site().stack.nats.url },
    });
  }

  test(
    "submit.ts hears its answer and its results, and the same again is not done twice",
    async () => {
      const { code, stdout, stderr } = await example("submit.ts", "by-ts").finish();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("by-ts: accepted\nby-ts: succeeded, 2 of 2 succeeded\n");
      expect(stdout).toContain('metadata: {"askedBy":"examples/submit.ts"}');
      expect(stdout).toMatch(/^ {2}haiku: \S/m);
      const again = await example("submit.ts", "by-ts").finish();
      expect(again).toMatchObject({ code: 0, stdout: stdout.replace("by-ts: accepted", "by-ts: ended") });
    },
    TEST_MS,
  );

  test(
    "workflow.ts goes on with its second step when the first has ended",
    async () => {
      const { code, stdout, stderr } = await example("workflow.ts", "flow").finish();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("flow: sort is accepted\nflow: sort ended (succeeded)\n");
      expect(stdout).toContain("  r1: angry\n  r2: calm\n  r3: angry\nflow: answer is accepted\n");
      expect(stdout).toMatch(/ {2}answer to r1: \S.*\n {2}answer to r3: \S.*\nflow: done\n$/);
    },
    TEST_MS,
  );

  test.each(["sort is accepted", "answer is accepted"])(
    "workflow.ts that is killed after “%s” goes on where it was when it is started again",
    async (said) => {
      const name = `killed-${said.slice(0, 4)}`;
      const first = example("workflow.ts", name);
      await waitUntil(`it says ${said}`, () => first.stdout().includes(said), {
        state: () => first.stdout() + first.stderr(),
      });
      first.kill("SIGKILL");
      expect(await first.exited).toMatchObject({ signal: "SIGKILL" });
      const { code, stdout, stderr } = await example("workflow.ts", name).finish();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/ {2}answer to r1: \S.*\n {2}answer to r3: \S.*\n.*: done\n$/);
      for (const step of ["sort", "answer"])
        expect(await site().request(`${name}-${step}`, "review-desk")).toMatchObject({ state: "ended" });
    },
    TEST_MS,
  );

  test(
    "submit.py does the same in Python",
    async (context) => {
      const python = await pythonWithNats();
      if ("why" in python) {
        console.warn(`SKIPPED, examples/submit.py: python3 with pip and nats-py is needed: ${python.why}`);
        return context.skip();
      }
      const { stdout, stderr } = await python([join(ROOT, "examples/submit.py"), "by-py"], {
        NATS_URL: site().stack.nats.url,
      });
      expect(stderr).toBe("");
      expect(stdout).toContain("by-py: accepted\nby-py: succeeded, 2 succeeded\n");
      expect(stdout).toMatch(/^ {2}fact: \S/m);
    },
    TEST_MS,
  );

  test(
    "after all of them nothing is wrong",
    async () => {
      await site().settles();
      expect(await site().prove()).toEqual(CLEAN);
      const requests = await site().store.requests({}, { limit: 100 });
      expect(requests.map(({ requestId }) => requestId)).toEqual(
        expect.arrayContaining([
          "by-ts",
          "flow-sort",
          "flow-answer",
          "killed-sort-answer",
          "killed-answ-answer",
        ]),
      );
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
    },
    TEST_MS,
  );
});
