import { expect, test } from "vitest";
import { ENVIRONMENT } from "../src/config/environmentTable.ts";
import type { Reader } from "../src/config/environmentTable.ts";
import { redacted } from "../src/config/granaryConfig.ts";
import { secretsOf } from "../src/config/secretsOf.ts";
import { KEY, LIVE, OPENAI, PLACES, faultsOf, read, readYaml } from "./readWith.ts";
import type { Given } from "./readWith.ts";

const SERVICE: Given = { reader: "service" };
const CLI: Given = { reader: "cli" };
const ENV = { ...PLACES, ...LIVE };
const anything = expect.any(String) as string;

/** What a service's configuration says with these variables beside those that it needs. */
function service(env: Record<string, string>, files: Record<string, string> = {}) {
  return read({ ...ENV, ...env }, { ...SERVICE, files });
}

function databaseOf(env: Record<string, string>): string | null {
  const { store } = service(env);
  return store.kind === "mongo" ? store.database : null;
}

function natsOf(env: Record<string, string>, files?: Record<string, string>) {
  const { nats } = service(env, files);
  return nats && { ...nats, password: nats.password?.reveal(), token: nats.token?.reveal() };
}

function faultyPaths(env: Record<string, string>): readonly string[] {
  return faultsOf(() => service(env)).map(({ path }) => path);
}

test("a service has its store in MongoDB, its bus at NATS, and no journal of its own", () => {
  const env = {
    ...LIVE,
    MONGODB_URI: "mongodb://granary:hunter%202@db-1:27017,db-2:27017/batches?replicaSet=rs0",
    NATS_URL: "nats://n-1,tls://n-2:4333",
    GRANARY_HTTP_HOST: "0.0.0.0",
    GRANARY_HTTP_PORT: "0",
    GRANARY_GRACE: "2m",
  };
  const config = read(env, SERVICE);
  expect(config).toMatchObject({
    store: { kind: "mongo", database: "batches" },
    journal: null,
    nats: {
      servers: ["nats://n-1:4222", "tls://n-2:4333"],
      user: null,
      password: null,
      token: null,
      credentialsFile: null,
      caFile: null,
      replicas: null,
    },
    http: { host: "0.0.0.0", port: 0 },
    graceMs: 120_000,
  });
  expect(config.store.kind === "mongo" && config.store.uri.reveal()).toBe(env.MONGODB_URI);
  expect(JSON.stringify(redacted(config))).not.toContain("hunter");
  expect(secretsOf(config).map((secret) => secret.reveal())).toEqual([KEY, env.MONGODB_URI, "hunter 2"]);
});

test("the database is the named one, else the path's, else granary", () => {
  expect(databaseOf({ MONGODB_URI: "mongodb://h" })).toBe("granary");
  expect(databaseOf({ MONGODB_URI: "mongodb://h/?w=1" })).toBe("granary");
  expect(databaseOf({ MONGODB_URI: "mongodb+srv://u:p@h.example/a" })).toBe("a");
  expect(databaseOf({ MONGODB_URI: "mongodb://h/a", MONGODB_DATABASE: "b" })).toBe("b");
});

test("a service says at once everything that it lacks", () => {
  expect(faultsOf(() => read({}, SERVICE))).toEqual([
    { path: "MONGODB_URI", message: expect.stringContaining("GRANARY_SQLITE") as string },
    { path: "NATS_URL", message: anything },
    { path: "GRANARY_OPENAI_MODE", message: anything },
  ]);
  const onOneMachine = { ...LIVE, GRANARY_SQLITE: "/data/granary.db", NATS_URL: "nats://127.0.0.1" };
  expect(read(onOneMachine, SERVICE)).toMatchObject({
    store: { kind: "sqlite", lock: "/data/granary.db.lock" },
    journal: "/data/granary.facts.jsonl",
  });
});

test("a service whose accounts are there but faulty is not told that it has none", () => {
  const yaml = "accounts: [{ provider: openai, name: a, mode: maybe }]";
  const faults = faultsOf(() => readYaml(yaml, PLACES, SERVICE));
  expect(faults.map(({ path }) => path)).toEqual(["granary.yaml: accounts[0].mode"]);
  const unsure = faultsOf(() => read({ ...PLACES, GRANARY_OPENAI_MODE: "on" }, SERVICE));
  expect(unsure).toEqual([{ path: "GRANARY_OPENAI_MODE", message: "live or simulated" }]);
});

test("two stores are a fault that says which to drop", () => {
  for (const reader of ["service", "cli"] as const)
    expect(faultsOf(() => read({ ...ENV, GRANARY_SQLITE: "a.db" }, { reader }))).toEqual([
      { path: "GRANARY_SQLITE", message: expect.stringContaining("drop GRANARY_SQLITE") as string },
    ]);
});

test("a command takes MongoDB and NATS where they are named, and demands neither", () => {
  expect(read({}, CLI)).toMatchObject({ store: { kind: "sqlite" }, nats: null });
  expect(read(PLACES, CLI)).toMatchObject({
    store: { kind: "mongo" },
    nats: { servers: ["nats://127.0.0.1:4222"] },
    accounts: [{ settings: { id: "openai:simulated" } }],
  });
});

test("the embedded stack keeps to SQLite and to itself, whatever else is named", () => {
  const config = read({ ...PLACES, NATS_USER: "u", GRANARY_HTTP_PORT: "9000" });
  // It serves no probes, so it does not look where.
  expect(config).toMatchObject({ store: { kind: "sqlite" }, nats: null, http: { port: 8080 } });
});

test.each([
  ["MONGODB_URI", "postgres://u:hunter2@h/db"],
  ["MONGODB_URI", "mongodb://u:hunter2@more@h/db"],
  ["MONGODB_URI", "mongodb://u:hunter2/more@h/db"],
  ["MONGODB_URI", "mongodb://u:hunter2@h/a%20b"],
  ["MONGODB_DATABASE", "a.b"],
  ["NATS_URL", "http://h"],
  ["NATS_URL", "127.0.0.1:4222"],
  ["NATS_URL", "nats://h/hunter2"],
  ["NATS_URL", "nats://h,,nats://i"],
  ["NATS_URL", "nats://:hunter2@h"],
  ["NATS_URL", "nats://a:hunter2@h,nats://b:hunter2@i"],
  ["GRANARY_HTTP_HOST", "http://x"],
  ["GRANARY_HTTP_PORT", "65536"],
  ["GRANARY_HTTP_PORT", "-1"],
  ["GRANARY_GRACE", "0s"],
  ["GRANARY_NATS_REPLICAS", "2"],
  ["GRANARY_NATS_REPLICAS", "three"],
  ["NATS_CA", "/no/such/file"],
  ["NATS_CREDENTIALS", "/no/such/file"],
])("%s that cannot be one is a fault, and nothing secret in it is repeated (%s)", (name, value) => {
  const faults = faultsOf(() => read({ ...ENV, [name]: value }, SERVICE));
  expect(faults.map(({ path }) => path)).toEqual([name]);
  expect(JSON.stringify(faults)).not.toContain("hunter2");
});

test("who signs in at NATS may stand in the URL, and is taken out of it", () => {
  expect(natsOf({ NATS_URL: "nats://u:p%40ss@h,nats://i" })).toMatchObject({
    servers: ["nats://h:4222", "nats://i:4222"],
    user: "u",
    password: "p@ss",
  });
  expect(natsOf({ NATS_URL: "nats://t0ken@h" })).toMatchObject({
    servers: ["nats://h:4222"],
    user: null,
    token: "t0ken",
  });
  expect(natsOf({ NATS_USER: "u", NATS_PASSWORD: "p" })).toMatchObject({ user: "u", password: "p" });
  const files = { "/creds": "jwt", "/ca.pem": "pem" };
  expect(natsOf({ NATS_CREDENTIALS: "/creds", NATS_CA: "/ca.pem" }, files)).toMatchObject({
    credentialsFile: "/creds",
    caFile: "/ca.pem",
  });
});

test("how many copies streams have is said to services, as 1, 3 or 5, or left as it is", () => {
  expect(natsOf({ GRANARY_NATS_REPLICAS: "3" })).toMatchObject({ replicas: 3 });
  expect(natsOf({})).toMatchObject({ replicas: null });
});

test("two ways to sign in at NATS, or half of one, are faults", () => {
  expect(faultyPaths({ NATS_USER: "u", NATS_PASSWORD: "p", NATS_TOKEN: "t" })).toEqual(["NATS_URL"]);
  expect(faultyPaths({ NATS_URL: "nats://u:p@h", NATS_TOKEN: "t" })).toEqual(["NATS_URL"]);
  expect(faultyPaths({ NATS_USER: "u" })).toEqual(["NATS_PASSWORD"]);
  expect(faultyPaths({ NATS_PASSWORD: "p" })).toEqual(["NATS_USER"]);
});

test("every secret may lie in a mounted file, and nowhere else at the same time", () => {
  const files = {
    "/run/key": `${KEY}\n`,
    "/run/mongo": "mongodb://h/db\n",
    "/run/nats": "nats://h\n",
    "/run/password": "p\n",
    "/run/token": "t\n",
  };
  const env = {
    GRANARY_OPENAI_MODE: "live",
    OPENAI_API_KEY_FILE: "/run/key",
    MONGODB_URI_FILE: "/run/mongo",
    NATS_URL_FILE: "/run/nats",
    NATS_USER: "u",
    NATS_PASSWORD_FILE: "/run/password",
  };
  const config = read(env, { ...SERVICE, files });
  expect(secretsOf(config).map((secret) => secret.reveal())).toEqual([KEY, "mongodb://h/db", "p"]);
  expect(config.nats?.servers).toEqual(["nats://h:4222"]);
  const both = { ...env, OPENAI_API_KEY: KEY, MONGODB_URI_FILE: "/none" };
  expect(faultsOf(() => read(both, { ...SERVICE, files }))).toEqual([
    { path: "MONGODB_URI_FILE", message: "cannot read the file that it names: no such file" },
    { path: "OPENAI_API_KEY_FILE", message: "OPENAI_API_KEY is set too: drop one of the two" },
  ]);
});

test.each(["service", "embedded", "cli"] as const)(
  "the table of variables is what the %s reads, no more and no less",
  (reader: Reader) => {
    const looked = new Set<string>();
    const env = new Proxy<Record<string, string>>(
      {
        ...LIVE,
        GRANARY_GEMINI_MODE: "live",
        GEMINI_API_KEY: KEY,
        GRANARY_ANTHROPIC_MODE: "live",
        ANTHROPIC_API_KEY: KEY,
        ...(reader === "embedded" ? {} : PLACES),
      },
      {
        get: (target, name) => {
          looked.add(String(name));
          return target[String(name)];
        },
      },
    );
    read(env, { reader, jobLimits: { openai: OPENAI, gemini: OPENAI, anthropic: OPENAI } });
    const wanted = ENVIRONMENT.filter(({ readers }) => readers.includes(reader)).flatMap(
      ({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]),
    );
    expect([...looked].toSorted()).toEqual(wanted.toSorted());
  },
);

test("what is secret is named so", () => {
  expect(ENVIRONMENT.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
    "MONGODB_URI",
    "NATS_URL",
    "NATS_PASSWORD",
    "NATS_TOKEN",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "ANTHROPIC_API_KEY",
  ]);
});

test("a source may have a budget and a longest backlog", () => {
  const { sources } = readYaml("sources: { a: { dailyUsd: 2, maxBacklog: 5000 }, b: { maxBacklog: 1 } }");
  expect(sources).toEqual({ a: { dailyMicros: 2_000_000, maxBacklog: 5_000 }, b: { maxBacklog: 1 } });
  expect(faultsOf(() => readYaml("sources: { a: { maxBacklog: 0 } }")).map(({ path }) => path)).toEqual([
    "granary.yaml: sources.a.maxBacklog",
  ]);
});
