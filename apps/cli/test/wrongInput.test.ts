import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createServer } from "node:net";
import { once } from "node:events";
import { afterAll, describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 60_000 });

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());

const header = (fields: object) => ({ request: { model: "gpt-4o-mini", ...fields } });
const MODEL = ["--model", "gpt-4o-mini"] as const;

describe("a file that cannot be submitted", () => {
  test("names all bad lines at once, with their numbers, and nothing of it is submitted", async () => {
    const file = here.write(
      "broken.jsonl",
      [
        '{"key":"a","prompt":"x"}',
        "this is no JSON",
        '{"key":"a","prompt":"y"}',
        "",
        '{"key":"b"}',
        '["an array"]',
        '{"key":"c","prompt":"x","params":{"temperature":9}}',
        "{",
      ].join("\n"),
    );
    const { code, stderr, stdout } = await here.granary(["submit", file, ...MODEL, "--no-wait"]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect([...stderr.matchAll(/^ {2}line (\d+)/gm)].map(([, line]) => Number(line))).toEqual([
      2, 3, 5, 6, 7, 8,
    ]);
    expect(stderr).toContain('line 3 (key "a"): the key is used already, at line 1');
    expect(stderr).not.toContain("    at ");
    expect(await here.json(["list"])).toEqual({ requests: [], total: 0 });
  });

  test("is told in JSON as well", async () => {
    const file = here.write("model.jsonl", items(1));
    const { code, stdout } = await here.granary(["submit", file, "--model", "gpt-0", "--json"]);
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { exitCode: number; faults: { path: string }[] } };
    expect(error.exitCode).toBe(2);
    expect(error.faults).toMatchObject([{ path: "model" }]);
  });

  test("counts lines from the beginning of the file in every request of it", async () => {
    const file = here.write("several.jsonl", [
      { request: { requestId: "r1", model: "gpt-4o-mini" } },
      { key: "a", prompt: "x" },
      { request: { requestId: "r2", model: "gpt-0", deadline: "2020-01-01T00:00:00Z" } },
      { key: "a", prompt: "x" },
      { key: "a", prompt: "y" },
      { request: { requestId: "r3", model: "gpt-4o-mini" }, each: true },
      { key: "a" },
      { key: "b", prompt: "x" },
      { key: "b", prompt: "y" },
    ]);
    const { code, stderr } = await here.granary(["submit", file]);
    expect(code).toBe(2);
    for (const fault of [
      "line 3.request.model: gpt-0 is no model known",
      "line 3.request.deadline: 2020-01-01T00:00:00Z is in the past",
      'line 5 (key "a"): the key is used already, at line 4',
      "line 7: give exactly one of prompt, messages and body",
      'line 9 (key "b"): the key is used already, at line 8',
    ])
      expect(stderr).toContain(fault);
    expect(await here.json(["list"])).toMatchObject({ total: 0 });
  });

  test("is told every fault of every request in it, each at its line", async () => {
    const asks = (schema: unknown) => header({ output: { type: "json_schema", schema } });
    const cases: readonly (readonly [fault: string, lines: readonly unknown[]])[] = [
      ["1.request.model: gpt-0 is no model known", [header({ requestId: "a", model: "gpt-0" }), ...items(1)]],
      [
        "3.request.deadline: 2020-01-01T00:00:00Z is in the past",
        [header({ requestId: "b", deadline: "2020-01-01T00:00:00Z" }), ...items(1)],
      ],
      ["5.items: there is no item", [header({ requestId: "c" })]],
      ['7 (key "long"): is 4', [header({ requestId: "d" }), { key: "long", prompt: "x".repeat(4_100_000) }]],
      ["8.request.output.schema", [asks({ type: "thing" }), ...items(1, "one")]],
      ["10.request.output.schema", [asks({ type: "array", items: { type: "string" } }), ...items(1, "two")]],
      [
        "12.request.maxCostUsd: the request may cost",
        [header({ requestId: "e", maxCostUsd: 0.0001 }), ...items(20)],
      ],
      [
        "33.request.account: account gemini:nowhere is not configured",
        [header({ requestId: "f", provider: "gemini", account: "nowhere" }), ...items(1)],
      ],
    ];
    const file = here.write(
      "faults.jsonl",
      cases.flatMap(([, lines]) => lines),
    );
    const { code, stderr } = await here.granary(["plan", file]);
    expect(code).toBe(2);
    for (const [fault] of cases) expect(stderr).toContain(`  line ${fault}`);
  });

  test("that is empty, or has no model, is refused", async () => {
    const empty = await here.granary(["submit", here.write("empty.jsonl", ""), ...MODEL]);
    expect(empty.stderr).toContain("items: there is no item");
    expect(empty.code).toBe(2);
    const nameless = await here.granary(["submit", here.write("nameless.jsonl", items(1))]);
    expect(nameless.stderr).toContain("model: is missing: give --model");
    expect(nameless.code).toBe(2);
  });

  test("that is not there is refused", async () => {
    const { code, stderr } = await here.granary(["submit", "nowhere.jsonl", ...MODEL]);
    expect(stderr).toBe("granary: cannot read nowhere.jsonl: there is no such file\n");
    expect(code).toBe(2);
  });

  test("is accepted once, again with the same content, and not with other content under its id", async () => {
    const file = here.write("same.jsonl", items(2));
    const other = here.write("other.jsonl", items(3));
    const submit = (name: string) => here.granary(["submit", name, ...MODEL, "--id", "same", "--no-wait"]);
    const first = await submit(file);
    expect(first).toMatchObject({ code: 0, stdout: "same\n" });
    expect(first.stderr).toContain("start granary up");
    expect(await submit(file)).toMatchObject({ code: 0 });
    const conflict = await submit(other);
    expect(conflict.code).toBe(2);
    expect(conflict.stderr).toContain("same was accepted with other content: use a new id");
    expect(await here.json(["list"])).toMatchObject({
      total: 1,
      requests: [{ requestId: "same", items: 2 }],
    });
  });
});

describe("wrong usage", () => {
  test.each([
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["show", "nobody"], /source cli has no request nobody/],
    [["harvest", "--again", "grabcd-aaaaaaaaaaaaaaaaaaaa"], /there is no task grabcd-/],
    [["up", "--simulator-port", "70000"], /It is no port/],
  ] as const)("%j ends with 2", async (args, said) => {
    const { code, stderr } = await here.granary(args);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
  });

  test("a live account without its key is told, and no other environment is needed to be told all faults", async () => {
    const env = { GRANARY_OPENAI_MODE: "live", GRANARY_OPENAI_LINGER: "soon" };
    const { code, stderr } = await here.granary(["list"], env);
    expect(code).toBe(2);
    expect(stderr).toContain("OPENAI_API_KEY: a live account needs its key");
    expect(stderr).toContain("GRANARY_OPENAI_LINGER: a duration");
    const doctor = await here.granary(["doctor"], env);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("OPENAI_API_KEY: a live account needs its key");
  });
});

describe("what somebody else holds", () => {
  test("a port that is taken is told in one line", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    try {
      for (const args of [
        ["up", "--simulator-port", String(port)],
        ["simulator", "--port", String(port)],
      ]) {
        const { code, stderr } = await here.granary(args);
        expect(stderr).toMatch(new RegExp(`^granary: .*port ${port} is taken: .*\\n$`));
        expect(code).toBe(3);
      }
    } finally {
      server.close();
    }
  });

  test("a store of a newer version is refused by every command, also by up", async () => {
    await using other = scratch();
    await other.granary(["list"]);
    const database = new DatabaseSync(join(other.folder, ".granary/granary.db"));
    database.exec("UPDATE meta SET value = 999 WHERE key = 'schemaVersion'");
    database.close();
    for (const command of ["list", "up"]) {
      const { code, stderr } = await other.granary([command]);
      expect(stderr).toMatch(/^granary: .*schema version 999.*start the newer version/);
      expect(code).toBe(1);
    }
    expect((await other.granary(["doctor"])).code).toBe(1);
  });
});

describe("plan", () => {
  test("tells items, slices, jobs, tokens and cost, and writes nothing", async () => {
    await using other = scratch();
    const file = other.write("plan.jsonl", [
      { request: { requestId: "big", model: "gpt-4o-mini" } },
      ...items(1200),
      { request: { requestId: "one", model: "gpt-4o-mini" }, each: true },
      ...items(3),
    ]);
    const plan = await other.json<{ requests: unknown[]; totals: unknown; faults: unknown[] }>([
      "plan",
      file,
    ]);
    expect(plan.faults).toEqual([]);
    expect(plan.requests).toMatchObject([
      { requestId: "big", items: 1200, slices: 3, tasks: 1 },
      ...["k0", "k1", "k2"].map((key) => ({ requestId: `one-${key}`, items: 1, slices: 1, tasks: 1 })),
    ]);
    expect(plan.totals).toMatchObject({ requests: 4, items: 1203, slices: 6, tasks: 1 });
    expect(existsSync(join(other.folder, ".granary"))).toBe(false);
  });
});
