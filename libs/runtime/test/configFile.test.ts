import { Faulty, USUAL } from "@granary/domain";
import { expect, test } from "vitest";
import { redacted } from "../src/config/granaryConfig.ts";
import { faultsOf, KEY, LIVE, OPENAI, read, readYaml } from "./readWith.ts";

test("pace comes from profile, then environment, then the account's own fields", () => {
  const env = {
    GRANARY_OPENAI_POLL_INTERVAL: "20m",
    GRANARY_OPENAI_JOB_TIMEOUT: "2d",
    GRANARY_OPENAI_MAX_LINES: "100",
    GRANARY_OPENAI_MAX_JOBS: "7",
    GRANARY_OPENAI_LEASE: "10s",
    GRANARY_OPENAI_SWEEP_INTERVAL: "2m",
    GRANARY_OPENAI_QUIET_PERIOD: "30m",
    GRANARY_OPENAI_SETTLE_WINDOW: "5m",
    GRANARY_OPENAI_LINGER: "1s",
    KEY_EU: KEY,
  };
  const { accounts } = readYaml(
    `accounts:
  - { provider: openai, name: eu, mode: live, keyEnv: KEY_EU, durations: { poll: 10s, pollMax: 15s }, limits: { lines: 50, dailyUsd: 1.5, tokens: 9 } }
  - { provider: openai, name: quick, mode: live, keyEnv: KEY_EU, profile: fast, baseUrl: "http://localhost:1/v1", models: [own-model] }
models: { openai: [gpt-next] }`,
    { ...env, ...LIVE },
  );
  const fromEnv = {
    leaseMs: 10_000,
    pollMinMs: 1_200_000,
    pollMaxMs: 1_200_000,
    sweepMs: 120_000,
    quietMs: 1_800_000,
    settleMs: 300_000,
    lingerMs: 1000,
    jobTimeoutMs: 172_800_000,
  };
  const settings = accounts.map((account) => account.settings);
  expect(settings[0]).toMatchObject({ id: "openai:default", durations: fromEnv, extraModels: ["gpt-next"] });
  expect(settings[0]?.limits).toEqual({ job: { ...OPENAI, lines: 100 }, jobs: 7 });
  expect(settings[1]?.durations).toEqual({ ...fromEnv, pollMinMs: 10_000, pollMaxMs: 15_000 });
  expect(settings[1]?.limits).toEqual({
    job: { ...OPENAI, lines: 50, tokens: 9 },
    jobs: 7,
    dailyMicros: 1_500_000,
  });
  expect(settings[2]?.extraModels).toEqual(["gpt-next", "own-model"]);
  expect(read({ GRANARY_OPENAI_PROFILE: "usual" }).accounts[0]?.settings.durations).toEqual(USUAL);
});

test("a file brings accounts, prices and sources, its keys by reference", () => {
  const config = readYaml(
    `accounts:
  - provider: openai
    name: azure
    mode: live
    keyFile: /run/secrets/azure
    baseUrl: https://azure.example/openai/v1
    organization: org-2
    headers: { api-key: { file: /run/secrets/azure }, x-region: eu, x-team: { env: TEAM } }
prices:
  - { provider: openai, model: own, input: 2, output: 8, asOf: 2025-04-14 }
sources:
  billing: { dailyUsd: 5 }
  other: {}
`,
    { TEAM: "blue" },
    { files: { "/run/secrets/azure": "azure-key\n" } },
  );
  expect(config.accounts).toHaveLength(1);
  const [azure] = config.accounts;
  expect(azure).toMatchObject({
    settings: { id: "openai:azure" },
    baseUrl: "https://azure.example/openai/v1",
  });
  expect(azure?.apiKey.reveal()).toBe("azure-key");
  const headers = Object.entries(azure?.headers ?? {}).map(([name, value]) => [name, value.reveal()]);
  expect(headers).toEqual([
    ["api-key", "azure-key"],
    ["x-region", "eu"],
    ["x-team", "blue"],
  ]);
  expect(config.defaultAccounts).toEqual({ openai: "openai:azure" });
  expect(config.sources).toEqual({ billing: { dailyMicros: 5_000_000 }, other: {} });
  expect(config.prices).toEqual([
    {
      provider: "openai",
      model: "own",
      input: 2,
      cachedInput: 2,
      output: 8,
      batch: 0.5,
      asOf: "2025-04-14",
      source: "configuration",
    },
  ]);
  const shown = JSON.stringify(redacted(config));
  expect(shown).not.toMatch(/azure-key|blue/);
});

test("a price tells what the cache, a batch and long prompts cost", () => {
  const { prices } = readYaml(`prices:
  - provider: anthropic
    model: own
    input: 2
    cachedInput: 0.2
    batchCachedInput: 0.15
    cacheWrite: 2.5
    longCacheWrite: 4
    output: 8
    batch: 0.4
    tiers:
      - { aboveTokens: 100000, input: 3, output: 9 }
      - { aboveTokens: 200000, input: 4, cachedInput: 0.4, cacheWrite: 5, output: 10 }
    asOf: 2026-12-01
    source: a contract
  - { provider: anthropic, model: own, input: 1, output: 4, tiers: [], asOf: 2027-01-01 }`);
  expect(prices).toEqual([
    {
      provider: "anthropic",
      model: "own",
      input: 2,
      cachedInput: 0.2,
      batchCachedInput: 0.15,
      cacheWrite: 2.5,
      longCacheWrite: 4,
      output: 8,
      batch: 0.4,
      tiers: [
        { aboveTokens: 100_000, input: 3, cachedInput: 3, output: 9 },
        { aboveTokens: 200_000, input: 4, cachedInput: 0.4, cacheWrite: 5, output: 10 },
      ],
      asOf: "2026-12-01",
      source: "a contract",
    },
    {
      provider: "anthropic",
      model: "own",
      input: 1,
      cachedInput: 1,
      output: 4,
      batch: 0.5,
      asOf: "2027-01-01",
      source: "configuration",
    },
  ]);
});

function tiers(first: number, second: number): string {
  return `tiers: [{ aboveTokens: ${first}, input: 1, output: 2 }, { aboveTokens: ${second}, input: 2, output: 3 }]`;
}

const priceRow = (account: string) =>
  `prices: [{provider: openai, account: ${account}, model: own, input: 1, output: 4, asOf: 2026-12-01}]`;

test("a price may be one account's alone, which has to be there", () => {
  const account = "accounts: [{provider: openai, name: eu, mode: live, keyEnv: KEY}]";
  const own = read(
    { KEY: "sk-1", GRANARY_CONFIG: "granary.yaml" },
    { files: { "granary.yaml": `${account}\n${priceRow("eu")}` } },
  );
  expect(own.prices).toMatchObject([{ account: "openai:eu", model: "own" }]);
  expect(faultsOf(() => readYaml(priceRow("us")))).toEqual([
    { path: "granary.yaml: prices[0].account", message: "there is no account openai:us" },
  ]);
});

test("what is wrong with prices is told at its place", () => {
  const row = "provider: openai, model: own, input: 1, output: 2";
  const faults = faultsOf(() =>
    readYaml(`prices:
  - { ${row}, asOf: 2026-01-01, cacheWrite: -1, batch: 2, cached: 1 }
  - { ${row}, asOf: soon, tiers: [{ aboveTokens: 0, input: 1 }, { aboveTokens: 9, input: 1, output: many }] }
  - { ${row}, asOf: 2026-02-01, tiers: 5 }`),
  );
  expect(faults.map(({ path }) => path).toSorted()).toEqual(
    [
      "granary.yaml: prices[0].cacheWrite",
      "granary.yaml: prices[0].batch",
      "granary.yaml: prices[0].cached",
      "granary.yaml: prices[1].asOf",
      "granary.yaml: prices[1].tiers[0].aboveTokens",
      "granary.yaml: prices[1].tiers[0].output",
      "granary.yaml: prices[1].tiers[1].output",
      "granary.yaml: prices[2].tiers",
    ].toSorted(),
  );
  expect(
    faultsOf(() =>
      readYaml(`prices:
  - { ${row}, asOf: 2026-01-01, ${tiers(200_000, 200_000)} }
  - { ${row}, asOf: 2026-01-01, ${tiers(100_000, 200_000)} }
  - { ${row}, asOf: 2026-01-02 }`),
    ),
  ).toEqual([
    {
      path: "granary.yaml: prices[0].tiers[1].aboveTokens",
      message: "must be more than that of the tier before it",
    },
    { path: "granary.yaml: prices[1].asOf", message: "own has another price of the same day" },
  ]);
});

test("a mix of live and simulated is allowed, and the environment's account is the default", () => {
  const yaml = "accounts: [{ provider: openai, name: eu, mode: live, keyEnv: KEY_EU }]";
  const { accounts, defaultAccounts } = readYaml(yaml, { GRANARY_OPENAI_MODE: "simulated", KEY_EU: KEY });
  expect(accounts.map(({ settings }) => settings.id)).toEqual(["openai:simulated", "openai:eu"]);
  expect(defaultAccounts).toEqual({ openai: "openai:simulated" });
});

test("with accounts in the file the embedded stack adds none of its own, and of two unnamed ones none is the default", () => {
  const yaml = `accounts:
  - { provider: openai, name: eu, mode: live, keyEnv: KEY_EU }
  - { provider: openai, name: us, mode: live, keyEnv: KEY_EU }`;
  const { accounts, defaultAccounts } = readYaml(yaml, { KEY_EU: KEY });
  expect(accounts.map(({ settings }) => settings.id)).toEqual(["openai:eu", "openai:us"]);
  expect(defaultAccounts).toEqual({});
});

test("one account in two places is a fault, in the file and between file and environment", () => {
  const live = "{ provider: openai, name: default, mode: live, keyEnv: OPENAI_API_KEY }";
  expect(faultsOf(() => readYaml(`accounts: [${live}]`, LIVE))).toEqual([
    {
      path: "granary.yaml: accounts[0].name",
      message: "openai:default is described twice, also at GRANARY_OPENAI_MODE",
    },
  ]);
  expect(faultsOf(() => readYaml(`accounts: [${live}, ${live}]`, { OPENAI_API_KEY: KEY }))).toEqual([
    {
      path: "granary.yaml: accounts[1].name",
      message: "openai:default is described twice, also at granary.yaml: accounts[0].name",
    },
  ]);
});

test("all faults of environment and file are told at once, each with its place", () => {
  const yaml = `accounts:
  - { provider: openai, name: Big, mode: real, key: ${KEY}, colour: red }
surprise: 1`;
  const env = {
    GRANARY_ARTIFACTS: "s3://bucket/granary",
    GRANARY_SQLITE: ":memory:",
    GRANARY_INSTANCE: "toolong",
    GRANARY_LOG_LEVEL: "loud",
    GRANARY_OPENAI_MODE: "on",
    GRANARY_OPENAI_POLL_INTERVAL: "soon",
    GRANARY_OPENAI_LINGER: "0s",
    GRANARY_OPENAI_MAX_JOBS: "-1",
    GRANARY_OPENAI_MOED: "live",
    GRANARY_GEMINI_MODE: "live",
  };
  const faults = faultsOf(() => readYaml(yaml, env));
  expect(faults.map(({ path }) => path).toSorted()).toEqual(
    [
      ...Object.keys(env),
      "granary.yaml: accounts[0].name",
      "granary.yaml: accounts[0].mode",
      "granary.yaml: accounts[0].key",
      "granary.yaml: accounts[0].colour",
      "granary.yaml: surprise",
    ].toSorted(),
  );
  const text = new Faulty("x", faults).message;
  expect(text).toContain("artifacts on S3 are not supported yet");
  expect(text).toContain("name its place with keyEnv or keyFile");
  expect(text).toContain("GRANARY_GEMINI_MODE: gemini is not supported yet");
  expect(text).not.toContain(KEY);
});

test.each([
  [
    "a provider that is not there yet",
    "{ provider: gemini, name: a, mode: live, keyEnv: K }",
    "provider",
    "not supported yet",
  ],
  [
    "an unknown provider",
    "{ provider: acme, name: a, mode: live, keyEnv: K }",
    "provider",
    "openai, gemini or anthropic",
  ],
  ["a live account without key", "{ provider: openai, name: a, mode: live }", "keyEnv", "exactly one"],
  ["two keys", "{ provider: openai, name: a, mode: live, keyEnv: K, keyFile: f }", "keyEnv", "exactly one"],
  [
    "a key variable that is not set",
    "{ provider: openai, name: a, mode: live, keyEnv: NONE }",
    "keyEnv",
    "NONE is not set",
  ],
  [
    "a key file that is not there",
    "{ provider: openai, name: a, mode: live, keyFile: none }",
    "keyFile",
    "cannot read the file that it names",
  ],
  ["an empty key file", "{ provider: openai, name: a, mode: live, keyFile: empty }", "keyFile", "one word"],
  [
    "a simulated account of another name",
    "{ provider: openai, name: a, mode: simulated }",
    "name",
    "named simulated",
  ],
  [
    "a live account named simulated",
    "{ provider: openai, name: simulated, mode: live, keyEnv: K }",
    "name",
    "only a simulated",
  ],
  [
    "a simulated account with a key",
    "{ provider: openai, name: simulated, mode: simulated, keyEnv: K }",
    "keyEnv",
    "not for a simulated",
  ],
  [
    "a simulated account with headers",
    "{ provider: openai, name: simulated, mode: simulated, headers: { a: b } }",
    "headers",
    "not for a simulated",
  ],
  [
    "a key in a header",
    "{ provider: openai, name: a, mode: live, keyEnv: K, headers: { Authorization: Bearer x } }",
    "headers.Authorization",
    "never stands",
  ],
  [
    "a header with two lines",
    '{ provider: openai, name: a, mode: live, keyEnv: K, headers: { x: "a\\nb" } }',
    "headers.x",
    "printable ASCII",
  ],
  [
    "an unknown duration",
    "{ provider: openai, name: a, mode: live, keyEnv: K, durations: { nap: 1s } }",
    "durations.nap",
    "no such field",
  ],
  [
    "a longest interval below the shortest",
    "{ provider: openai, name: a, mode: live, keyEnv: K, durations: { pollMax: 1s } }",
    "durations.pollMax",
    "shorter",
  ],
  [
    "a quiet period too short",
    "{ provider: openai, name: a, mode: live, keyEnv: K, durations: { quiet: 5s } }",
    "durations.quiet",
    "at least 1m",
  ],
  [
    "a limit above the provider's",
    "{ provider: openai, name: a, mode: live, keyEnv: K, limits: { bytes: 300000000 } }",
    "limits.bytes",
    "at most 200000000",
  ],
])("%s in the file is a fault at its place", (_name, account, field, message) => {
  const faults = faultsOf(() => readYaml(`accounts: [${account}]`, { K: KEY }, { files: { empty: "\n" } }));
  expect(faults).toEqual([
    { path: `granary.yaml: accounts[0].${field}`, message: expect.stringContaining(message) as string },
  ]);
});

test("a file that is no YAML, says a thing twice, or is missing is a fault with its line or path", () => {
  expect(faultsOf(() => readYaml("accounts: []\naccounts: []"))[0]?.path).toBe("granary.yaml: line 2");
  expect(faultsOf(() => readYaml("a: [1\nb: 2"))[0]?.path).toMatch(/^granary\.yaml: line /);
  expect(faultsOf(() => readYaml("just text"))[0]?.path).toBe("granary.yaml");
  expect(faultsOf(() => read({ GRANARY_CONFIG: "none.yaml" }))).toEqual([
    { path: "GRANARY_CONFIG", message: "cannot read none.yaml: no such file" },
  ]);
  expect(readYaml("").accounts).toHaveLength(1);
});
