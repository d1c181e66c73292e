import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "@granary/domain";
import { expect, onTestFinished, test } from "vitest";
import { configSource } from "../src/config/configSource.ts";
import type { GranaryConfig } from "../src/config/granaryConfig.ts";
import { restartFaults } from "../src/config/restartFaults.ts";
import { watchConfig } from "../src/config/watchConfig.ts";
import { KEY, LIVE, OPENAI, PLACES, read, readYaml } from "./readWith.ts";
import { movedClock, settled } from "./rig.ts";

const LOOK_MS = 5_000;

/** A folder with a key and a YAML file, read by a service and watched. */
async function watching() {
  const folder = mkdtempSync(join(tmpdir(), "granary-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => writeFileSync(path(name), text);
  write("key", `${KEY}-1\n`);
  write("granary.yaml", "sources: { a: { maxBacklog: 1 } }");
  const source = configSource({
    env: {
      ...PLACES,
      GRANARY_OPENAI_MODE: "live",
      OPENAI_API_KEY_FILE: path("key"),
      GRANARY_CONFIG: path("granary.yaml"),
    },
    reader: "service",
    readFile: (name) => readFileSync(name, "utf8"),
    jobLimits: { openai: OPENAI },
  });
  const config = source.read();
  const clock = movedClock();
  const stop = new AbortController();
  const changes: GranaryConfig[] = [];
  const faults: Fault[][] = [];
  const over = watchConfig(source, {
    config,
    clock,
    signal: stop.signal,
    onChange: (next) => void changes.push(next),
    onFault: (found) => void faults.push([...found]),
  });
  await settled();
  return {
    path,
    write,
    changes,
    faults,
    look: async () => clock.move(LOOK_MS),
    end: async () => {
      stop.abort();
      await over;
      return clock.sleepers();
    },
  };
}

const keyOf = (config: GranaryConfig | undefined) => config?.accounts[0]?.apiKey.reveal();

test("a key that is mounted anew takes force within one look, and only once", async () => {
  const { changes, faults, look, write, end } = await watching();
  await look();
  expect(changes).toEqual([]);
  write("key", `${KEY}-2\n`);
  await look();
  await look();
  expect([changes.length, keyOf(changes[0]), faults]).toEqual([1, `${KEY}-2`, []]);
  expect(await end()).toBe(0);
});

test("a link that is moved to another file counts as a change", async () => {
  const { changes, look, path, write, end } = await watching();
  write("key-2", `${KEY}-2\n`);
  symlinkSync(path("key-2"), path("link"));
  renameSync(path("link"), path("key"));
  await look();
  expect(changes.map(keyOf)).toEqual([`${KEY}-2`]);
  await end();
});

test("a faulty content is told once with all faults, and what comes after it is taken", async () => {
  const { changes, faults, look, write, end } = await watching();
  write("key", "two words");
  write("granary.yaml", "sources: { a: { maxBacklog: 0 }, b: { maxBacklog: -1 } }");
  await look();
  await look();
  expect(changes).toEqual([]);
  expect(faults).toHaveLength(1);
  expect(faults[0]?.map(({ path }) => path.replace(/^.*\//, ""))).toEqual([
    "granary.yaml: sources.a.maxBacklog",
    "granary.yaml: sources.b.maxBacklog",
    "OPENAI_API_KEY_FILE",
  ]);
  write("key", KEY);
  write("granary.yaml", "sources: { a: { maxBacklog: 7 } }");
  await look();
  expect(changes.map(({ sources }) => sources)).toEqual([{ a: { maxBacklog: 7 } }]);
  await end();
});

test("a file that is gone is a fault, and its return a change", async () => {
  const { changes, faults, look, path, write, end } = await watching();
  rmSync(path("granary.yaml"));
  await look();
  expect(faults[0]?.[0]).toMatchObject({ path: "GRANARY_CONFIG" });
  write("granary.yaml", "sources: { a: { maxBacklog: 1 } }");
  await look();
  expect([changes.length, faults.length]).toEqual([1, 1]);
  await end();
});

test("an account that appears is told with the remedy, and nothing of that content takes force", async () => {
  const { changes, faults, look, path, write, end } = await watching();
  write("key", `${KEY}-2`);
  const account = `{ provider: openai, name: eu, mode: live, keyFile: ${path("key")} }`;
  write("granary.yaml", `accounts: [${account}]\nsources: { a: { maxBacklog: 2 } }`);
  await look();
  expect(changes).toEqual([]);
  expect(faults).toEqual([[{ path: "openai:eu", message: expect.stringContaining("restart") as string }]]);
  await end();
});

const SERVICE = { reader: "service" } as const;
const base = (env: Record<string, string> = {}) => read({ ...PLACES, ...LIVE, ...env }, SERVICE);

test.each<[string, Record<string, string>]>([
  ["the store", { MONGODB_URI: "mongodb://u:hunter2@127.0.0.1/" }],
  ["NATS", { NATS_URL: "nats://u:hunter2@127.0.0.1" }],
  ["the artifacts", { GRANARY_ARTIFACTS: "elsewhere" }],
  ["the simulator", { GRANARY_SIMULATOR_URL: "http://127.0.0.1:1" }],
  ["GRANARY_INSTANCE", { GRANARY_INSTANCE: "abcd" }],
  ["the address of probes and metrics", { GRANARY_HTTP_PORT: "1" }],
  ["GRANARY_GRACE", { GRANARY_GRACE: "1s" }],
  ["GRANARY_LOG_LEVEL", { GRANARY_LOG_LEVEL: "warn" }],
  ["the base URL of openai:default", { OPENAI_BASE_URL: "https://other.example/v1" }],
  ["the organization of openai:default", { OPENAI_ORG_ID: "o" }],
  ["the project of openai:default", { OPENAI_PROJECT_ID: "p" }],
  ["the lease of openai:default", { GRANARY_OPENAI_LEASE: "20s" }],
])("%s cannot change while a process runs, and no secret is told", (path, env) => {
  const faults = restartFaults(base(), base(env));
  expect(faults).toEqual([{ path, message: "cannot change while the process runs: restart it" }]);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test("an account that goes is told, and one of another mode is another account", () => {
  const two = readYaml(
    "accounts: [{ provider: openai, name: eu, mode: live, keyEnv: OPENAI_API_KEY }]",
    { ...PLACES, ...LIVE },
    SERVICE,
  );
  expect(restartFaults(two, base()).map(({ path }) => path)).toEqual(["openai:eu"]);
  const simulated = read(
    { ...PLACES, GRANARY_OPENAI_MODE: "simulated", GRANARY_SIMULATOR_URL: "http://127.0.0.1:1" },
    SERVICE,
  );
  expect(restartFaults(base(), simulated).map(({ path }) => path)).toEqual([
    "the simulator",
    "openai:default",
    "openai:simulated",
  ]);
});

const yaml = (more: string) => `accounts:
  - provider: openai
    name: eu
    mode: live
    keyEnv: K
    ${more}`;

test("keys, headers, prices, models, budgets, limits, sources and pace may change", () => {
  const before = readYaml(yaml("headers: { x: a }"), { ...PLACES, K: KEY }, SERVICE);
  const after = readYaml(
    `${yaml("headers: { x: b, y: c }\n    durations: { poll: 40s, linger: 2s }\n    limits: { jobs: 3, dailyUsd: 2 }\n    models: [own]")}
prices: [{ provider: openai, model: own, input: 1, output: 2, asOf: 2026-01-01 }]
sources: { a: { dailyUsd: 1 } }`,
    { ...PLACES, K: `${KEY}-2` },
    SERVICE,
  );
  expect(restartFaults(before, after)).toEqual([]);
  expect(after.accounts[0]?.apiKey.reveal()).not.toBe(before.accounts[0]?.apiKey.reveal());
});
