import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 90_000 });

interface Sum {
  readonly items: number;
  readonly succeeded: number;
  readonly costMicros: number | null;
  readonly knownCostMicros: number;
  readonly itemsOfUnknownCost: number;
  readonly unusedMicros: number | null;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}
interface Costs {
  readonly groups: readonly ({ readonly group: string } & Sum)[];
  readonly total: Sum;
  readonly open: number;
}
interface Repriced {
  readonly dryRun: boolean;
  readonly applied: boolean;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly oldMicros: number | null;
    readonly newMicros: number | null;
    readonly differenceMicros: number | null;
  }[];
}

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());
const env = { GRANARY_CONFIG: join(here.folder, "granary.yaml") };
const MODELS = "models: { openai: [gpt-unpriced] }\n";
const priced = (input: number) =>
  `${MODELS}prices:\n  - { provider: openai, model: gpt-unpriced, input: ${input}, output: 8, asOf: 2020-01-01 }\n`;
const configure = (text: string): void => writeFileSync(env.GRANARY_CONFIG, text);
const costs = async (...args: string[]) => here.json<Costs>(["cost", ...args], env);
const reprice = async (...args: string[]) => here.json<Repriced>(["cost", "reprice", ...args], env);
const revised = (): number =>
  readFileSync(join(here.folder, ".granary", "granary.facts.jsonl"), "utf8").split(
    '"granary.v1.fact.request.revised"',
  ).length - 1;

const request = (fields: object) => ({ request: { model: "gpt-4o-mini", ...fields } });

/** Two priced requests of two sources, and one of a model without a price. */
async function spend(): Promise<void> {
  configure(MODELS);
  const scenario = here.write("scenario.json", JSON.stringify({ models: ["gpt-unpriced"] }));
  const up = await here.up(["--scenario", scenario], env);
  const file = here.write("work.jsonl", [
    request({ requestId: "r1", metadata: { team: "red" } }),
    ...items(3),
    request({ requestId: "r2", source: "nightly", metadata: { team: "blue" } }),
    ...items(2),
    request({ requestId: "r3", model: "gpt-unpriced" }),
    ...items(4),
  ]);
  const submitted = await here.granary(["submit", file], env);
  expect(submitted.stderr + submitted.stdout).not.toContain("rejected");
  expect(submitted.code).toBe(0);
  up.child.kill("SIGTERM");
  await up.ended;
}

describe("cost", () => {
  test("adds up to the same, by whatever it is grouped, and takes no unknown cost for nothing", async () => {
    await spend();
    const byRequest = await costs("--by", "request");
    expect(byRequest.groups.map(({ group }) => group).toSorted()).toEqual(["nightly/r2", "r1", "r3"]);
    expect(byRequest.total).toMatchObject({
      items: 9,
      succeeded: 9,
      costMicros: null,
      itemsOfUnknownCost: 4,
      unusedMicros: 0,
    });
    expect(byRequest.total.knownCostMicros).toBeGreaterThan(0);
    for (const by of ["source", "day", "model", "provider", "account", "metadata:team", "metadata:none"]) {
      const { groups, total } = await costs("--by", by);
      expect(total).toEqual(byRequest.total);
      for (const field of ["items", "knownCostMicros", "itemsOfUnknownCost"] as const)
        expect(groups.reduce((sum, group) => sum + group[field], 0)).toBe(total[field]);
    }
    const models = (await costs("--by", "model")).groups;
    expect(models.find(({ group }) => group === "gpt-unpriced")).toMatchObject({
      costMicros: null,
      items: 4,
    });
    expect(models.find(({ group }) => group === "gpt-4o-mini")?.costMicros).toBe(
      byRequest.total.knownCostMicros,
    );
    const [day] = (await costs("--by", "day")).groups;
    expect(day?.group).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect((await costs("--until", day?.group ?? "")).groups).toEqual([]);
    expect((await costs("--since", day?.group ?? "")).total).toEqual(byRequest.total);
    expect((await costs("--source", "nightly")).total.items).toBe(2);
    expect((await costs("r1")).total.items).toBe(3);
    const shown = await here.granary(["cost", "--by", "model"], env);
    expect(shown.stdout).toMatch(/gpt-unpriced\t1\t4\t4\t>= \$0\.00, 4 unknown\t/);
    expect(shown.stderr).toContain("granary cost reprice");
    const nobody = await here.granary(["cost", "--by", "metadata:none"], env);
    expect(nobody.stdout).toContain("(none)");
    expect(nobody.stderr).toContain("no request has the metadata none");
  });

  test("reprices what had no price once it has one, says so once, and is proven", async () => {
    expect((await reprice()).tasks).toEqual([]);
    configure(priced(4));
    const told = await reprice();
    expect(told).toMatchObject({ dryRun: true, applied: false, tasks: [{ oldMicros: null }] });
    const [task] = told.tasks;
    expect(task?.newMicros).toBeGreaterThan(0);
    expect(revised()).toBe(0);
    expect((await costs("r3")).total.costMicros).toBeNull();
    const up = await here.up([], env);
    const done = await reprice("--yes");
    expect(done).toMatchObject({ dryRun: false, applied: true, tasks: told.tasks });
    expect((await costs("r3")).total).toMatchObject({ costMicros: task?.newMicros, itemsOfUnknownCost: 0 });
    expect((await reprice("--yes")).tasks).toEqual([]);
    up.child.kill("SIGTERM");
    await up.ended;
    expect(revised()).toBe(1);
    const verified = await here.granary(["verify"], env);
    expect(`${verified.code} ${verified.stdout}${verified.stderr}`).toMatch(/^0 /);
  });

  test("leaves another known price alone without --all, and then tells the difference", async () => {
    const before = (await costs("r3")).total.costMicros ?? 0;
    configure(priced(8));
    expect((await reprice()).tasks).toEqual([]);
    const [task] = (await reprice("r3", "--all")).tasks;
    expect(task?.oldMicros).toBe(before);
    expect(task?.differenceMicros).toBe((task?.newMicros ?? 0) - before);
    expect(task?.differenceMicros).toBeGreaterThan(0);
    expect((await reprice("r1", "--all")).tasks).toEqual([]);
  });

  test.each([
    [["--by", "colour"], 2, "none of request, source, day"],
    [["--by", "metadata:"], 2, "metadata:KEY"],
    [["--since", "2026-02-30"], 2, "no UTC day"],
    [["--since", "yesterday"], 2, "no UTC day"],
    [["--until", "2026-01-01T10:00"], 2, "no instant"],
    [["--since", "2026-02-01", "--until", "2026-01-01"], 2, "--since has to be before --until"],
    [["none"], 2, "has no request none"],
    [["reprice", "none"], 2, "has no request none"],
  ])("says what is wrong with %j", async (args, code, said) => {
    const ended = await here.granary(["cost", ...args], env);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(said);
  });

  test("tells of a request that has not ended, and prices none", async () => {
    const file = here.write("open.jsonl", items(1));
    const submit = ["submit", file, "--id", "open", "--model", "gpt-4o-mini", "--no-wait"];
    expect((await here.granary(submit, env)).code).toBe(0);
    for (const args of [
      ["cost", "open"],
      ["cost", "reprice", "open"],
    ]) {
      const { code, stderr } = await here.granary(args, env);
      expect(code).toBe(1);
      expect(stderr).toMatch(/has not ended|has ended can be priced/);
      expect(stderr).toMatch(/granary (show|watch) open/);
    }
    expect((await costs()).open).toBe(1);
  });
});
