import { Faulty } from "@granary/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { changedBytes, changedJson, fuzz, FUZZ_TEST_MS, hostileText, jsonText } from "../../../tools/fuzz.ts";
import type { Environment } from "../src/config/environment.ts";
import { ENVIRONMENT } from "../src/config/environmentTable.ts";
import { redacted } from "../src/config/granaryConfig.ts";
import type { GranaryConfig } from "../src/config/granaryConfig.ts";
import { readConfig } from "../src/config/readConfig.ts";
import { OPENAI } from "./readWith.ts";

const KEY = "sk-planted-key-that-is-shown-nowhere";
const PASSWORD = "plantedPasswordThatIsShownNowhere";

const FILE = {
  accounts: [
    {
      provider: "openai",
      name: "batch",
      mode: "live",
      keyEnv: "TEAM_KEY",
      baseUrl: "https://llm.example/v1",
      headers: { "X-Team": "a", "X-Secret": { env: "TEAM_KEY" } },
      profile: "usual",
      durations: { lease: "30s", poll: "1m", jobTimeout: "26h" },
      limits: { lines: 100, jobs: 5, dailyUsd: 10.5 },
      models: ["own-model"],
      files: "expire",
    },
    { provider: "gemini", name: "simulated", mode: "simulated" },
  ],
  models: { openai: ["another"] },
  prices: [],
  sources: { shop: { dailyUsd: 5, maxBacklog: 1_000 } },
};
const ENVIRONMENT_SAMPLE = {
  MONGODB_URI: `mongodb://granary:${PASSWORD}@db.example:27017/granary?replicaSet=r`,
  NATS_URL: `nats://granary:${PASSWORD}@nats.example:4222,nats://granary:${PASSWORD}@other:4222`,
  GRANARY_SIMULATOR_URL: "http://127.0.0.1:4010",
  GRANARY_OPENAI_MODE: "live",
  OPENAI_API_KEY: KEY,
  OPENAI_BASE_URL: "https://api.example/v1",
  GRANARY_OPENAI_POLL_INTERVAL: "30s",
  GRANARY_OPENAI_MAX_LINES: "1000",
  GRANARY_GRACE: "60s",
  GRANARY_HTTP_PORT: "8080",
  GRANARY_INSTANCE: "ab12",
  TEAM_KEY: KEY,
  GRANARY_CONFIG: "granary.yaml",
};

/** The configuration, or that its faults were told, each with its place; anything else that is thrown is a failure. */
function readOrTold(env: Environment, yaml: string, reader: "service" | "cli"): GranaryConfig | null {
  try {
    const jobLimits = { openai: OPENAI, gemini: OPENAI, anthropic: OPENAI };
    return readConfig({ env, readFile: fileOf(yaml), reader, jobLimits });
  } catch (error) {
    expect(error).toBeInstanceOf(Faulty);
    const { faults, message } = error as Faulty;
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect([fault.path, fault.message]).not.toContain("");
    expect(message).not.toMatch(/planted/i);
    return null;
  }
}

function fileOf(yaml: string): (path: string) => string {
  return (path) => {
    if (path === "granary.yaml") return yaml;
    throw new Error("no such file");
  };
}

function expectSound(config: GranaryConfig): void {
  expect(JSON.stringify(redacted(config))).not.toMatch(/planted/);
  for (const { settings } of config.accounts)
    for (const [name, value] of Object.entries(settings.durations))
      if (name.endsWith("Ms")) expect([name, Number.isSafeInteger(value)]).toEqual([name, true]);
}

const aliases = Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}]`);
const BOMBS = [
  `a0: &a0 [x]\n${aliases.join("\n")}\naccounts: *a30\n`,
  "[".repeat(20_000),
  `accounts: ${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  "- ".repeat(5_000),
  "a: &a {<<: *a}\naccounts: *a",
  "a: &a [*a]\naccounts: *a",
  "%YAML 9.9\n---\n!!js/function x\n...\n---\nsecond: document",
  `? ${"{".repeat(1_000)}`,
  `sources: {${Array.from({ length: 1_000 }, (_, at) => `s${at}: {dailyUsd: 1}`).join(", ")}}`,
];

test(
  "a configuration file is read, or told fault by fault, whatever lies in it",
  () => {
    const yaml = fc.oneof(
      { weight: 8, arbitrary: changedBytes(changedJson(FILE).map(jsonText)) },
      { weight: 1, arbitrary: hostileText.map((text) => Buffer.from(text)) },
    );
    let good = 0;
    fuzz(yaml, (bytes) => {
      const config = readOrTold(ENVIRONMENT_SAMPLE, bytes.toString("utf8"), "service");
      if (!config) return;
      expectSound(config);
      good += 1;
    });
    expect(good).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

test.each(BOMBS.map((text) => [text.slice(0, 30), text]))(
  "a file that asks for more than there is, such as %j, is told of or taken in bounded time",
  (_start, text) => {
    const startedAt = performance.now();
    readOrTold(ENVIRONMENT_SAMPLE, text, "service");
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  },
);

test("no duration is longer than anybody can wait", () => {
  for (const wait of ["3651d", `${"9".repeat(400)}d`]) {
    const env = { ...ENVIRONMENT_SAMPLE, GRANARY_GRACE: wait, GRANARY_OPENAI_POLL_INTERVAL: wait };
    expect(readOrTold(env, "", "service")).toBeNull();
  }
  expect(readOrTold({ ...ENVIRONMENT_SAMPLE, GRANARY_GRACE: "3650d" }, "", "service")).not.toBeNull();
});

test(
  "an environment is read, or told fault by fault, whatever its variables hold",
  () => {
    // A secret may be mistaken for its own file's path, or stand there cut short: only there it may never be repeated.
    const hiding = ENVIRONMENT.filter(({ secret }) => secret).flatMap(({ name }) => [name, `${name}_FILE`]);
    const plain = fc.dictionary(
      fc.constantFrom(...ENVIRONMENT.map(({ name }) => name), "GRANARY_OPENAI_TYPO", "__proto__"),
      fc.oneof(
        hostileText,
        fc.constantFrom(
          "live",
          "simulated",
          "9".repeat(400),
          `${"9".repeat(300)}d`,
          "0s",
          "1e3",
          "https://u:p@h/",
        ),
      ),
      { maxKeys: 4 },
    );
    const secret = fc.dictionary(
      fc.constantFrom(...hiding, "OPENAI_API_KEY", "OPENAI_BASE_URL", "NATS_CREDENTIALS", "NATS_CA"),
      fc.constantFrom(...Object.values(ENVIRONMENT_SAMPLE)).map((text) => text.slice(0, -3)),
      { maxKeys: 2 },
    );
    const changes = fc.tuple(plain, secret).map(([one, other]) => ({ ...one, ...other }));
    let good = 0;
    fuzz(fc.tuple(changes, fc.constantFrom("service", "cli")), ([changed, reader]) => {
      const config = readOrTold({ ...ENVIRONMENT_SAMPLE, ...changed }, jsonText(FILE), reader);
      if (!config) return;
      expectSound(config);
      expect(Number.isSafeInteger(config.graceMs)).toBe(true);
      good += 1;
    });
    expect(good).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);
