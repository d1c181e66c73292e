import { describe, expect, it } from "vitest";
import { handleCommands } from "../src/handleCommands.ts";
import { command, openRig, prompts, shaOf, submit } from "./rig.ts";
import type { Rig, RigOptions } from "./rig.ts";

const SMALL_LINES = { lines: 100, bytes: 100_000, lineBytes: 400, tokens: 10_000 };

/** Faults as `path (key): message`, for one submit command. */
async function faultsOf(
  with_: Record<string, unknown>,
  options: RigOptions = {},
): Promise<readonly string[]> {
  const rig = await openRig(options);
  return faultsIn(rig, with_);
}

async function faultsIn(rig: Rig, with_: Record<string, unknown>): Promise<readonly string[]> {
  const [reply] = await rig.handle(submit("a", with_));
  expect(reply).toMatchObject({ status: "rejected", id: null, requestId: "a" });
  expect(await rig.store.requests({}, { limit: 9 })).toEqual([]);
  expect(rig.published).toMatchObject([
    { type: "granary.v1.fact.request.rejected", data: { status: "rejected", faults: reply!.faults } },
  ]);
  const files: string[] = [];
  for await (const { path } of rig.deps.artifacts.list("")) if (!path.startsWith("in/")) files.push(path);
  expect(files).toEqual([]);
  return (reply?.faults ?? []).map(
    ({ path, key, message }) => `${path}${key === undefined ? "" : ` (${key})`}: ${message}`,
  );
}

/** Faults of items that lie in a file. */
async function faultsOfFile(
  text: string | Uint8Array,
  with_: Record<string, unknown> = {},
): Promise<readonly string[]> {
  const rig = await openRig();
  const itemsRef = await rig.putFile("in/items.jsonl", text);
  return faultsIn(rig, { items: undefined, itemsRef, ...with_ });
}

const itemsOf = (...keys: readonly string[]) => ({ items: keys.map((key) => ({ key, prompt: "Hi" })) });

const lineOf = (key: string): string => JSON.stringify({ key, prompt: "Hi" });

describe("a request is refused whole", () => {
  it.each([
    [
      "an unknown model",
      { model: "gpt-9" },
      /^model: gpt-9 is no model known for openai:simulated: correct it/,
    ],
    [
      "another model inside a body",
      { items: [{ key: "a", body: { model: "gpt-9", messages: [{ role: "user", content: "Hi" }] } }] },
      /^items\[0\].*\(a\): .*gpt-9/,
    ],
    [
      "an account that is not configured",
      { account: "other" },
      /^account: account openai:other is not configured/,
    ],
    [
      "a provider without a mode",
      { provider: "gemini" },
      /^provider: account gemini:default is not configured: set GRANARY_GEMINI_MODE/,
    ],
    ["an empty list of items", { items: [] }, /^items: there is no item: give at least one$/],
    [
      "a deadline in the past",
      { deadline: "2026-01-05T11:59:59Z" },
      /^deadline: 2026-01-05T11:59:59Z is in the past/,
    ],
    ["a deadline of no time", { deadline: "0s" }, /^deadline: 0s is in the past/],
    ["a notification", { notify: { url: "https://example.org" } }, /^notify: deliveries are not supported/],
    [
      "an endpoint that is none",
      { endpoint: "/v1/other" },
      /^endpoint: \/v1\/other is none of \/v1\/chat\/completions, /,
    ],
    [
      "a key twice",
      { items: [...prompts(2), ...prompts(1)] },
      /^items\[2\] \(k0\): the key is used already, at items\[0\]/,
    ],
    [
      "too high an estimate",
      { maxCostUsd: 0.000001 },
      /^maxCostUsd: the request may cost .* USD, over maxCostUsd of 0\.0000 USD$/,
    ],
    [
      "an item without a prompt",
      { items: [{ key: "a" }] },
      /^items\[0\] \(a\): give exactly one of prompt, messages and body$/,
    ],
    [
      "both items and a file",
      { itemsRef: { path: "x", sha256: "0".repeat(64) } },
      /^items: give exactly one of items and itemsRef$/,
    ],
    ["a member nobody knows", { urgent: true }, /urgent/],
  ] as const)("for %s", async (_name, with_, fault) => {
    const faults = await faultsOf(with_);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  it.each([
    ["is no schema", { type: "objekt" }],
    ["is outside the provider's subset", { type: "object", properties: { a: { type: "string" } } }],
  ])("for an output schema that %s, with its place", async (_name, schema) => {
    const faults = await faultsOf({ output: { type: "json_schema", schema } });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.every((fault) => fault.startsWith("output.schema"))).toBe(true);
  });

  it("for a line over the limit, with its size and its key", async () => {
    const items = [...prompts(1), { key: "long", prompt: "x".repeat(500) }];
    const [fault, ...others] = await faultsOf({ items }, { limits: { job: SMALL_LINES } });
    expect(fault).toMatch(/^items\[1\] \(long\): is \d+ bytes as a line, over the limit of 400: split it$/);
    expect(others).toEqual([]);
  });

  it("for more tokens than a job may have", async () => {
    const job = { ...SMALL_LINES, lineBytes: 100_000, tokens: 50 };
    const [fault] = await faultsOf(
      { items: [{ key: "long", prompt: "word ".repeat(500) }] },
      { limits: { job } },
    );
    expect(fault).toMatch(/^items\[0\] \(long\): is about \d+ tokens, over the limit of 50 a job: split it$/);
  });

  it("for a maximum of money where the price is not known", async () => {
    const [fault] = await faultsOf({ model: "own-model", maxCostUsd: 5 }, { extraModels: ["own-model"] });
    expect(fault).toMatch(/^maxCostUsd: the price of own-model is not known, so maxCostUsd cannot be kept/);
  });

  it("for more than its source may spend a day", async () => {
    const [fault] = await faultsOf({}, { sources: { shop: { dailyMicros: 0 } } });
    expect(fault).toMatch(/^source: the request may cost .* over the daily budget of source shop/);
  });

  it("with all its faults at once", async () => {
    const items = [
      ...prompts(1),
      { key: "k0", prompt: "again" },
      { key: "b", body: { model: "gpt-9", messages: [] } },
    ];
    const faults = await faultsOf({
      items,
      model: "gpt-8",
      deadline: "0s",
      notify: 1,
      endpoint: "/none",
      output: { type: "json_schema", schema: { type: "objekt" } },
    });
    const places = [
      "deadline:",
      "notify:",
      "endpoint:",
      "model:",
      "output.schema",
      "items[1] (k0):",
      "items[2]",
    ];
    expect(places.filter((place) => !faults.some((fault) => fault.startsWith(place)))).toEqual([]);
  });

  it("with every fault of its form, each with the item's key", async () => {
    const faults = await faultsOf({
      priority: 500,
      items: [
        { key: "a", prompt: 5 },
        { key: "b", prompt: "x", system: 7 },
      ],
    });
    expect(faults.map((fault) => fault.split(":")[0])).toEqual([
      "priority",
      "items[0].prompt (a)",
      "items[1].system (b)",
    ]);
  });
});

describe("a file of items is refused", () => {
  it("with the numbers of all bad lines, whatever is wrong with them", async () => {
    const text = [
      lineOf("a"),
      "no json",
      "",
      '{"key":"c"}',
      "[1]",
      lineOf("d"),
      lineOf("a"),
      '{"prompt":',
    ].join("\n");
    const faults = await faultsOfFile(text);
    expect(faults.map((fault) => fault.slice(0, 12))).toEqual([
      "line 2: is n",
      "line 4 (c): ",
      expect.stringMatching(/^line 5/),
      "line 7 (a): ",
      "line 8: is n",
    ]);
    expect(faults[3]).toBe("line 7 (a): the key is used already, at line 1: keys are unique");
  });

  it("where a line is no UTF-8", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${lineOf("a")}\n"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"\n'),
    ]);
    expect(await faultsOfFile(bytes)).toEqual(["line 2: is no JSON: not UTF-8, or too long"]);
  });

  it("where there is no item in it", async () => {
    expect(await faultsOfFile("")).toEqual(["items: there is no item: give at least one"]);
    expect(await faultsOfFile("\n  \n")).toEqual(["items: there is no item: give at least one"]);
  });

  it("where it has another content than was named, and nothing is told of that", async () => {
    const rig = await openRig();
    const { path } = await rig.putFile("in/items.jsonl", `${lineOf("a")}\nno json\n`);
    const faults = await faultsIn(rig, { items: undefined, itemsRef: { path, sha256: shaOf("else") } });
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["itemsRef.sha256"]);
  });

  it("where it is not there, beside the faults of the header", async () => {
    const itemsRef = { path: "in/none.jsonl", sha256: "0".repeat(64) };
    const faults = await faultsOf({ items: undefined, itemsRef, deadline: "0s" });
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["deadline", "itemsRef.path"]);
    expect(faults[1]).toContain("no artifact at in/none.jsonl");
  });

  it("with its first thousand faults whole, and the places of all others", async () => {
    const faults = await faultsOfFile(Array.from({ length: 1_100 }, () => "no").join("\n"));
    expect(faults).toHaveLength(1_001);
    expect(faults.at(-1)).toMatch(/^items: more faults at line 1001, line 1002, .* line 1100$/);
  });
});

describe("a command that makes no sense", () => {
  it.each([
    ["cancel", { source: "shop" }, "requestId"],
    ["retry", { source: "shop", requestId: "a", only: [] }, "only"],
    ["retry", { source: "shop", requestId: "a", reasons: ["bored"] }, "reasons[0]"],
    ["poll", {}, ""],
    ["submit", null, ""],
  ] as const)("is refused: %s %j", async (type, data, path) => {
    const rig = await openRig();
    const [reply] = await handleCommands(rig.deps)([command(type, data)]);
    expect(reply).toMatchObject({ status: "rejected", id: null });
    expect(reply?.faults?.[0]?.path).toBe(path);
  });

  it("about a request or task nobody knows is refused by name", async () => {
    const rig = await openRig();
    const replies = await rig.handle(
      command("cancel", { source: "shop", requestId: "none" }),
      command("retry", { source: "shop", requestId: "none" }),
      command("poll", { source: "shop", requestId: "none" }),
      command("poll", { taskId: "gr-none" }),
    );
    expect(replies.map(({ status, faults }) => `${status} ${faults?.[0]?.message}`)).toEqual([
      ...Array.from({ length: 3 }, () => "rejected source shop has no request none"),
      "rejected there is no task gr-none",
    ]);
  });
});

describe("a source over its backlog", () => {
  const sources = { shop: { maxBacklog: 3 } };

  it("is refused by a code a program can read, while other sources and accepted requests are not", async () => {
    const rig = await openRig({ sources });
    const [first] = await rig.handle(submit("a", itemsOf("1", "2")));
    const replies = await rig.handle(
      submit("b", itemsOf("1", "2")),
      submit("c", itemsOf("1")),
      submit("d", itemsOf("1")),
      submit("e", { ...itemsOf("1", "2", "3", "4"), source: "bakery" }),
      submit("a", itemsOf("1", "2")),
    );
    expect(first).toMatchObject({ status: "accepted" });
    expect(replies.map(({ status }) => status)).toEqual([
      "rejected",
      "accepted",
      "rejected",
      "accepted",
      "accepted",
    ]);
    expect(replies[0]?.faults).toEqual([
      {
        path: "source",
        code: "backlog_full",
        message:
          "source shop has 2 items open and may have 3: these 2 would be too many; submit them again when some have ended",
      },
    ]);
    expect(rig.published.map(({ data }) => (data as { requestId: string }).requestId)).toEqual(["b", "d"]);
  });

  it("leaves no artifact of a large request that was refused", async () => {
    const rig = await openRig({ sources });
    const itemsRef = await rig.putFile("in/items.jsonl", ["a", "b", "c", "d"].map(lineOf).join("\n"));
    const [reply] = await rig.handle(submit("a", { items: undefined, itemsRef }));
    expect(reply).toMatchObject({ status: "rejected", faults: [{ code: "backlog_full" }] });
    const files: string[] = [];
    for await (const { path } of rig.deps.artifacts.list("")) files.push(path);
    expect(files).toEqual(["in/items.jsonl"]);
  });
});

describe("a reference to items is refused", () => {
  it.each(["../secrets.jsonl", "/etc/passwd", "in/../../x", ".hidden/x", "in//x"])(
    "where it points outside: %s",
    async (path) => {
      const faults = await faultsOf({ items: undefined, itemsRef: { path, sha256: "0".repeat(64) } });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^itemsRef\.path: .*(?:no segment of a path|1 to 1024)/);
    },
  );

  it("where it names an object and there is no object store", async () => {
    const itemsRef = { bucket: "inputs", object: "a.jsonl", sha256: "0".repeat(64) };
    expect(await faultsOf({ items: undefined, itemsRef })).toEqual([
      "itemsRef.bucket: there is no NATS object store here: name an artifact by path and sha256",
    ]);
  });

  it("where it is neither an artifact nor an object, with the remedy", async () => {
    const [fault] = await faultsOf({ items: undefined, itemsRef: { url: "https://example.org/x" } });
    expect(fault).toMatch(/^itemsRef: either path and sha256 \(an artifact\), or bucket, object and sha256/);
  });
});
