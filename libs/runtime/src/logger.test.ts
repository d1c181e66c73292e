import { expect, test } from "vitest";
import { secretOf } from "./config/secret.ts";
import type { LoggerOptions } from "./logger.ts";
import { openLogger } from "./logger.ts";

const KEY = "sk-proj-abcdefghijklmnop";

function logged(log: (logger: ReturnType<typeof openLogger>) => void, options: Partial<LoggerOptions> = {}) {
  let text = "";
  log(openLogger({ level: "debug", destination: { write: (line) => (text += line) }, ...options }));
  const lines = text.split("\n").slice(0, -1);
  return { text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("a line is JSON with level, time, message and the logger's fields", () => {
  const { lines } = logged((logger) => logger.child({ taskId: "gr0001-x" }).info({ bytes: 3 }, "stored"), {
    base: { service: "harvester" },
  });
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      service: "harvester",
      taskId: "gr0001-x",
      bytes: 3,
      msg: "stored",
    },
  ]);
});

test("lines below the level are left out", () => {
  const { lines } = logged(
    (logger) => {
      logger.info("no");
      logger.warn("yes");
    },
    { level: "warn" },
  );
  expect(lines.map(({ msg }) => msg)).toEqual(["yes"]);
});

test("a key is taken out wherever it stands", () => {
  const error = Object.assign(new Error(`Incorrect API key provided: ${KEY}`, { cause: new Error(KEY) }), {
    request: { headers: { Authorization: `Bearer ${KEY}`, "x-api-key": "other-form" } },
  });
  const { text, lines } = logged((logger) => {
    logger.error({ err: error }, `failed with ${KEY}`);
    logger
      .child({ apiKey: "plain" })
      .info({ deep: [{ deeper: { api_key: "plain", url: `https://x/?k=${KEY}` } }] }, "a");
    logger.info({ [KEY]: 1 }, "as a name");
    logger.info("Authorization: Bearer abc.def");
  });
  expect(lines).toHaveLength(4);
  expect(text).not.toMatch(/abcdefghijklmnop|other-form|plain|abc\.def/);
  expect(text).toContain("Incorrect API key provided: [redacted]");
});

test("a key without a known form is taken out where the logger knows it", () => {
  const { text } = logged((logger) => logger.warn({ note: "azure-1234 was refused" }, "azure-1234"), {
    secrets: [secretOf("azure-1234"), secretOf("")],
  });
  expect(text).not.toContain("azure-1234");
  expect(text).toContain("[redacted] was refused");
});

test("a key that came into use later is taken out too", () => {
  let secrets = [secretOf("first-key")];
  const { text } = logged(
    (logger) => {
      secrets = [...secrets, secretOf("second-key")];
      logger.warn({}, "first-key and second-key");
    },
    { secrets: () => secrets },
  );
  expect(text).toContain("[redacted] and [redacted]");
});

test("prompts and answers are never logged; their counts are", () => {
  const item = {
    key: "a",
    prompt: "my diary",
    system: "be kind",
    messages: [{ role: "user", content: "my diary" }],
  };
  const { text, lines } = logged((logger) => {
    logger.info({ item, body: { input: "my diary" }, output: "my diary" }, "refused");
    logger.info({ items: [item] }, "many");
    logger.info({ items: 3, messages: 2 }, "counted");
  });
  expect(text).not.toMatch(/my diary|be kind/);
  expect(lines[2]).toMatchObject({ items: 3, messages: 2 });
});

test("what only looks like a key stays", () => {
  const { lines } = logged((logger) =>
    logger.info({ taskId: "task-abcdefghijkl", model: "risk-assessment-v2" }, "x"),
  );
  expect(lines[0]).toMatchObject({ taskId: "task-abcdefghijkl", model: "risk-assessment-v2" });
});
