import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openRemote } from "@granary/cli";
import type { Role } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import type { Stack } from "@granary/stack";
import { openStack } from "@granary/stack";
import { GRANARY } from "../distributed/distributedSite.ts";
import { collectFacts, factFaults } from "../distributed/factCollector.ts";
import { openRawCaller } from "../distributed/rawCaller.ts";
import { submitMixed } from "../distributed/submitMixed.ts";
import { proveSite } from "../e2e/proveSite.ts";
import type { Rig } from "../e2e/rig.ts";
import { scenarioFile } from "../e2e/simulatorProcess.ts";
import { isSettled, openText } from "../e2e/site.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import { endsByItself } from "./newerStore.ts";
import type { OlderCheckout, OlderService } from "./olderCheckout.ts";
import type { RaceReport } from "./raceReport.ts";
import { ROLES, startFleet, stopFleet } from "./replicaFleet.ts";

const PACE = { validatingMs: 50, jobMs: 600, lineMs: 1, finalizingMs: 50, jitter: 0.5 };
const READY_MS = 120_000;

/**
 * An update with work under way, on one store and one bus. Where both versions have the same schema they work side by
 * side for a while; where today's is newer the older one is stopped first, the store is migrated, and the older one
 * refuses it from then on. Either way today's version finds half done what the older one has begun.
 */
export async function runVersionRace(rig: Rig, older: OlderCheckout, commit: string): Promise<RaceReport> {
  const path = join(rig.folder, "older.db");
  const stack = await openStack({
    folder: join(rig.folder, "stack"),
    store: "sqlite",
    replicas: 1,
    servicesLater: true,
    env: { GRANARY_SQLITE: path, GRANARY_LOG_LEVEL: "warn", GRANARY_OPENAI_MAX_LINES: "20" },
    scenarioFile: await scenarioFile(rig, {
      seed: 1,
      pace: PACE,
      rates: { error_500: 0.05 },
      faults: [
        { on: "create", what: "response_lost", rate: 0.2 },
        { on: "job", what: "expire", rate: 0.2, share: 0.5 },
      ],
    }),
  });
  rig.defer(async () => stack[Symbol.asyncDispose]());
  const facts = await collectFacts(stack.nats.url);
  rig.defer(async () => facts[Symbol.asyncDispose]());
  const caller = await openRawCaller(stack.nats.url);
  rig.defer(async () => caller[Symbol.asyncDispose]());

  const before = await startOlder(rig, older, stack);
  await submitMixed({ caller }, "old", { few: true });
  const underWay = await waitUntil("the older version has jobs at work", () => tasksAtProvider(path), {
    deadlineMs: READY_MS,
    state: () => [...before.values()].map(lastOf).join("\n"),
  });
  const had = schemaOf(path);
  const wanted = schemaOf(join(stack.folder, "granary.db"));
  const faults: string[] = [];
  if (had !== wanted) {
    faults.push(...(await stopOlder(before)));
    const migrated = await rig.node([GRANARY, "migrate", "up"], { env: stack.serviceEnv }).finish();
    if (migrated.code !== 0)
      faults.push(`granary migrate up ended with ${migrated.code}: ${migrated.stderr}`);
    faults.push(...(await refusesToStart(rig, older, stack, wanted)));
  }
  const fleet = await startFleet(
    { rig, stack },
    ROLES.map((service) => ({ service })),
  );
  await submitMixed({ caller }, "both", { few: true });
  if (had === wanted) faults.push(...(await stopOlder(before)));
  await submitMixed({ caller }, "new", { few: true });

  const config = readConfig({
    env: stack.serviceEnv,
    readFile: (file) => readFileSync(file, "utf8"),
    reader: "cli",
    jobLimits: JOB_LIMITS,
  });
  await using workspace = await openRemote(config, openLogger({ level: "silent" }));
  const { store } = workspace;
  await waitUntil("nothing is left to do", async () => isSettled(store), {
    deadlineMs: READY_MS,
    lookMs: 100,
    state: async () => openText(store),
  });
  faults.push(...(await stopFleet(fleet)));
  await facts.hearStream();
  const { findings, unproven, createdTwice, report } = await proveSite({
    granary: async (...args) => rig.node([GRANARY, ...args], { env: stack.serviceEnv }).finish(),
    simulatorFolder: join(stack.folder, "simulator"),
  });
  const ended = (await store.requests({}, { limit: 500 })).length;
  const how =
    had === wanted
      ? "side by side with today's"
      : `stopped, and refused the store once it was migrated from ${had} to ${wanted}`;
  return {
    proof: {
      findings,
      unproven,
      createdTwice,
      factFaults: await factFaults(store, facts),
      open: report.open,
    },
    faults,
    seen: `${commit}: ${underWay} tasks at the provider when it was ${how}; ${ended} requests ended`,
  };
}

async function startOlder(
  rig: Rig,
  older: OlderCheckout,
  { serviceEnv }: Stack,
): Promise<ReadonlyMap<Role, OlderService>> {
  const services = new Map<Role, OlderService>();
  for (const role of ROLES) services.set(role, await older.start(rig, role, serviceEnv));
  await waitUntil(
    "the older services are ready",
    async () => (await Promise.all([...services.values()].map(async ({ ready }) => ready()))).every(Boolean),
    { deadlineMs: READY_MS, state: () => [...services.values()].map(lastOf).join("\n") },
  );
  return services;
}

async function stopOlder(services: ReadonlyMap<Role, OlderService>): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [role, { process }] of services) {
    process.kill("SIGTERM");
    const { code, signal, stderr } = await process.finish();
    if (code !== 0) faults.push(`the older ${role} ended with ${code ?? signal}: ${stderr.slice(-500)}`);
  }
  return faults;
}

/** An older service on a store that a newer version has migrated. */
async function refusesToStart(
  rig: Rig,
  older: OlderCheckout,
  { serviceEnv }: Stack,
  version: number,
): Promise<readonly string[]> {
  const { process } = await older.start(rig, "monitor", serviceEnv);
  const { code, stdout, stderr } = await endsByItself(process);
  const told = `${stdout}${stderr}`;
  return code !== 0 && told.includes(`has schema version ${version}, this program knows versions up to`)
    ? []
    : [`the older monitor ended with ${code} on a newer store: ${told.slice(-500)}`];
}

function schemaOf(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db.prepare("SELECT value FROM meta WHERE key = 'schemaVersion'").get();
  db.close();
  return Number(row?.["value"]);
}

/** Read as they lie there: opening the store as today's version would migrate it. Null where there are none. */
function tasksAtProvider(path: string): number | null {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db
    .prepare("SELECT count(*) AS n FROM task WHERE state IN ('running', 'harvesting', 'settling')")
    .get();
  db.close();
  return Number(row?.["n"]) || null;
}

function lastOf({ process }: OlderService): string {
  return `${process.stdout()}${process.stderr()}`.split("\n").slice(-10).join("\n");
}
