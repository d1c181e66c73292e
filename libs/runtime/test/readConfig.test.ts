import { FAST, USUAL } from "@granary/domain";
import { expect, test } from "vitest";
import { ENVIRONMENT } from "../src/config/environmentTable.ts";
import { redacted, withSimulator } from "../src/config/granaryConfig.ts";
import { faultsOf, KEY, LIVE, OPENAI, PLACES, read } from "./readWith.ts";

test("without any variable the embedded stack has a simulated account and its usual places", () => {
  expect(redacted(read({}))).toEqual({
    store: { kind: "sqlite", sqlite: ".granary/granary.db", lock: ".granary/granary.db.lock" },
    nats: null,
    tracing: null,
    traceparent: null,
    artifacts: { folder: ".granary/artifacts" },
    journal: ".granary/granary.facts.jsonl",
    http: { host: "127.0.0.1", port: 8080 },
    commit: "unknown",
    graceMs: 60_000,
    simulator: { url: null, folder: ".granary/simulator" },
    instance: null,
    logLevel: "info",
    accounts: [
      {
        settings: {
          id: "openai:simulated",
          provider: "openai",
          mode: "simulated",
          durations: FAST,
          limits: { job: OPENAI },
          extraModels: [],
        },
        apiKey: "[redacted]",
        baseUrl: null,
        headers: {},
        organization: null,
        project: null,
        wire: null,
      },
    ],
    defaultAccounts: { openai: "openai:simulated" },
    refusals: {
      gemini: "gemini is not supported yet",
      anthropic: "anthropic is not supported yet",
    },
    sources: {},
    retention: {},
    prices: [],
  });
});

test("places, instance and log level are taken from the environment, and what is empty counts as unset", () => {
  const config = read({
    GRANARY_SQLITE: "/data/main.db",
    GRANARY_ARTIFACTS: "/data/files",
    GRANARY_SIMULATOR_DATA: "",
    GRANARY_INSTANCE: "eu01",
    GRANARY_LOG_LEVEL: "debug",
  });
  expect(config).toMatchObject({
    store: { sqlite: "/data/main.db", lock: "/data/main.db.lock" },
    artifacts: { folder: "/data/files" },
    journal: "/data/main.facts.jsonl",
    simulator: { folder: ".granary/simulator" },
    instance: "eu01",
    logLevel: "debug",
  });
});

test("a key alone makes no account live: embedded it is simulated, in a service a fault", () => {
  const embedded = read({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: "https://api.openai.com/v1" });
  expect(embedded.accounts.map(({ settings }) => settings.id)).toEqual(["openai:simulated"]);
  expect(embedded.accounts[0]?.apiKey.reveal()).toBe("sk-simulated");
  expect(faultsOf(() => read({ ...PLACES, OPENAI_API_KEY: KEY }, { reader: "service" }))).toEqual([
    { path: "GRANARY_OPENAI_MODE", message: expect.stringContaining("live or simulated") as string },
  ]);
});

test("a live account has the environment's key, base URL, organization and project", () => {
  const { accounts, defaultAccounts, refusals } = read({
    ...LIVE,
    OPENAI_BASE_URL: "https://eu.example.com/v1/",
    OPENAI_ORG_ID: "org-1",
    OPENAI_PROJECT_ID: "proj_1",
  });
  expect(accounts).toHaveLength(1);
  expect(accounts[0]).toMatchObject({
    settings: { id: "openai:default", mode: "live", durations: USUAL },
    baseUrl: "https://eu.example.com/v1",
    organization: "org-1",
    project: "proj_1",
  });
  expect(accounts[0]?.apiKey.reveal()).toBe(KEY);
  expect(defaultAccounts).toEqual({ openai: "openai:default" });
  expect(refusals["openai"]).toBeUndefined();
});

test("a live account without key, or with one that cannot be one, is a fault that does not show it", () => {
  expect(faultsOf(() => read({ GRANARY_OPENAI_MODE: "live" }))).toEqual([
    { path: "OPENAI_API_KEY", message: "a live account needs its key" },
  ]);
  const [fault] = faultsOf(() => read({ ...LIVE, OPENAI_API_KEY: `${KEY}\nX-Other: 1` }));
  expect(fault?.path).toBe("OPENAI_API_KEY");
  expect(JSON.stringify(fault)).not.toContain(KEY);
});

test("a base URL is http or https, without credentials, query or fragment, and is never repeated", () => {
  for (const url of [
    "ftp://x/v1",
    "api.openai.com",
    "https://user:hunter2@x/v1",
    "https://x/v1?key=hunter2",
    "https://x/#a",
  ]) {
    const faults = faultsOf(() => read({ ...LIVE, OPENAI_BASE_URL: url }));
    expect(faults.map(({ path }) => path)).toEqual(["OPENAI_BASE_URL"]);
    expect(JSON.stringify(faults)).not.toContain("hunter2");
  }
});

test("a simulated account points at the simulator with a key that is none, whatever else is set", () => {
  const { accounts } = read({
    GRANARY_OPENAI_MODE: "simulated",
    GRANARY_SIMULATOR_URL: "http://127.0.0.1:4010/",
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: "https://api.openai.com/v1",
    OPENAI_ORG_ID: "org-1",
  });
  expect(accounts[0]).toMatchObject({ baseUrl: "http://127.0.0.1:4010/openai/v1", organization: null });
  expect(accounts[0]?.apiKey.reveal()).toBe("sk-simulated");
});

test("a service without the simulator's address refuses a simulated account; embedded it may come later", () => {
  const env = { GRANARY_OPENAI_MODE: "simulated" };
  expect(faultsOf(() => read({ ...PLACES, ...env }, { reader: "service" }))).toEqual([
    { path: "GRANARY_SIMULATOR_URL", message: "a simulated account needs the simulator's address" },
  ]);
  const config = withSimulator(read({ ...env }), "http://127.0.0.1:4010/");
  expect(config.simulator.url).toBe("http://127.0.0.1:4010");
  expect(config.accounts[0]?.baseUrl).toBe("http://127.0.0.1:4010/openai/v1");
  const live = withSimulator(read(LIVE), "http://127.0.0.1:4010");
  expect(live.accounts[0]?.baseUrl).toBeNull();
});

test("a demo sees no key, base URL, mode or file of the environment, and does not even look at them", () => {
  const looked: string[] = [];
  const env = new Proxy<Record<string, string>>(
    {
      ...LIVE,
      OPENAI_BASE_URL: "https://api.openai.com/v1",
      GRANARY_CONFIG: "granary.yaml",
      GRANARY_SIMULATOR_URL: "https://api.openai.com",
      GRANARY_OPENAI_POLL_INTERVAL: "1h",
      GRANARY_OPENAI_TYPO: "x",
      GRANARY_SQLITE: "demo.db",
    },
    {
      get: (target, name) => {
        looked.push(String(name));
        return target[String(name)];
      },
    },
  );
  const config = read(env, { isolated: true, reader: "embedded" });
  expect(config.store).toMatchObject({ kind: "sqlite", sqlite: "demo.db" });
  expect(config.accounts).toHaveLength(1);
  expect(config.accounts[0]).toMatchObject({
    settings: { id: "openai:simulated", durations: FAST },
    baseUrl: null,
  });
  expect(config.accounts[0]?.apiKey.reveal()).toBe("sk-simulated");
  expect(looked.toSorted()).toEqual(
    ENVIRONMENT.filter(({ demo }) => demo)
      .map(({ name }) => name)
      .toSorted(),
  );
});

test("limits above the provider's own are faults, unless the endpoint is another one", () => {
  expect(faultsOf(() => read({ ...LIVE, GRANARY_OPENAI_MAX_LINES: "50001" }))).toEqual([
    { path: "GRANARY_OPENAI_MAX_LINES", message: "the provider takes at most 50000" },
  ]);
  const own = read({
    ...LIVE,
    GRANARY_OPENAI_MAX_LINES: "50001",
    OPENAI_BASE_URL: "https://other.example/v1",
  });
  expect(own.accounts[0]?.settings.limits.job.lines).toBe(50_001);
});

test("a quiet period too short for the real API is a fault", () => {
  expect(faultsOf(() => read({ ...LIVE, GRANARY_OPENAI_PROFILE: "fast" }))).toEqual([
    { path: "GRANARY_OPENAI_QUIET_PERIOD", message: "at least 1m at the provider's own live API" },
  ]);
});

test("each provider that is supported has an account of its own, and its own pace", () => {
  const jobLimits = { openai: OPENAI, gemini: { ...OPENAI, lines: 10 }, anthropic: OPENAI };
  const env = {
    GRANARY_GEMINI_MODE: "live",
    GEMINI_API_KEY: KEY,
    GRANARY_GEMINI_POLL_INTERVAL: "7s",
    GRANARY_ANTHROPIC_MODE: "simulated",
    GRANARY_ANTHROPIC_MAX_JOBS: "3",
  };
  const { accounts, defaultAccounts, refusals } = read(env, { jobLimits });
  // No simulated one stands beside a live one unasked.
  expect(accounts.map(({ settings }) => settings)).toMatchObject([
    { id: "gemini:default", durations: { ...USUAL, pollMinMs: 7_000 }, limits: { job: { lines: 10 } } },
    { id: "anthropic:simulated", durations: FAST, limits: { jobs: 3 } },
  ]);
  expect(defaultAccounts).toEqual({
    gemini: "gemini:default",
    anthropic: "anthropic:simulated",
  });
  expect(Object.keys(refusals)).toEqual(["openai"]);
  const unasked = read({}, { jobLimits }).accounts;
  expect(unasked.map(({ settings }) => settings)).toMatchObject([
    { id: "openai:simulated", provider: "openai", durations: FAST },
    { id: "gemini:simulated", limits: { job: { lines: 10 } } },
    { id: "anthropic:simulated" },
  ]);
  const places = { ...PLACES, GRANARY_SIMULATOR_URL: "http://127.0.0.1:9" };
  const service = read({ ...env, ...places }, { jobLimits, reader: "service" });
  expect(service.accounts.map(({ settings }) => settings.id)).toEqual([
    "gemini:default",
    "anthropic:simulated",
  ]);
  expect(Object.keys(service.refusals)).toEqual(["openai"]);
});

/** The policies of all accounts, by the environment and a configuration file. */
const policies = (env: Record<string, string>, yaml = "accounts: []") =>
  read({ ...env, GRANARY_CONFIG: "granary.yaml" }, { files: { "granary.yaml": yaml } }).accounts.map(
    ({ settings }) => settings.files,
  );

test("what becomes of files at the provider is said for all accounts of a provider, and for one in the file", () => {
  const own =
    "accounts: [{provider: openai, name: a, mode: live, keyEnv: KEY, files: keep}, {provider: openai, name: b, mode: live, keyEnv: KEY}]";
  expect(policies({})).toEqual([undefined]);
  expect(policies({ GRANARY_OPENAI_FILES: "expire" })).toEqual(["expire"]);
  expect(policies({ GRANARY_OPENAI_FILES: "expire", KEY: "sk-1" }, own)).toEqual(["keep", "expire"]);
  expect(faultsOf(() => read({ GRANARY_OPENAI_FILES: "burn" }))).toEqual([
    { path: "GRANARY_OPENAI_FILES", message: "keep, remove or expire" },
  ]);
});
