import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "@granary/cli";
import { openRemote } from "@granary/cli";
import type { RequestDoc, Store } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig, systemIds } from "@granary/runtime";
import type { ScenarioInput } from "@granary/simulator";
import type { Stack, StackOptions } from "@granary/stack";
import { openStack } from "@granary/stack";
import type { Finished, Rig } from "../e2e/rig.ts";
import { ROOT } from "../e2e/rig.ts";
import type { SiteProof } from "../e2e/proveSite.ts";
import { proveSite } from "../e2e/proveSite.ts";
import { scenarioFile } from "../e2e/simulatorProcess.ts";
import { isSettled, openText, SOURCE } from "../e2e/site.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import type { FactCollector } from "./factCollector.ts";
import { collectFacts, factFaults } from "./factCollector.ts";
import type { RawCaller } from "./rawCaller.ts";
import { openRawCaller } from "./rawCaller.ts";

/** The command. */
export const GRANARY = join(ROOT, "apps/cli/bin/granary.js");
/** Generous: machines that run tests are slow, and do much else. */
const DEADLINE_MS = 120_000;

/** What a site is made of. */
export interface DistributedSiteOptions {
  readonly store: StackOptions["store"];
  readonly scenario: ScenarioInput;
  /** Of each service; two where it is left out. */
  readonly replicas?: number;
  /** For the services, beside what the stack says. */
  readonly env?: NonNullable<StackOptions["env"]>;
  readonly natsUser?: NonNullable<StackOptions["natsUser"]>;
  readonly natsFileStoreBytes?: number;
  /** Leave the services for the test to start. */
  readonly servicesLater?: boolean;
}

/** A stack of separate processes, and what a test needs to use it and to judge it. */
export interface DistributedSite {
  readonly rig: Rig;
  readonly stack: Stack;
  /** The store as this process sees it, beside all others. */
  readonly store: Store;
  readonly caller: RawCaller;
  /** Everything that was told since before the first service was there. */
  readonly facts: FactCollector;
  /** Runs one `granary` command, over the wire, to its end. */
  readonly granary: (...args: readonly string[]) => Promise<Finished>;
  readonly request: (requestId: string, source?: string) => Promise<RequestDoc>;
  /** Waits until a request has ended. */
  readonly ends: (requestId: string, source?: string) => Promise<RequestDoc>;
  /** Waits until nothing is left to do: every request and task has ended, and every fact is told. */
  readonly settles: (deadlineMs?: number) => Promise<void>;
  /** Puts another scenario in force at the simulator, for the calls and jobs to come. */
  readonly change: (scenario: ScenarioInput) => Promise<void>;
  /** What checker, ledger and facts say of it now. */
  readonly prove: () => Promise<DistributedProof>;
  /** Tells all services to end at once, and answers their exit codes. */
  readonly stops: () => Promise<readonly (number | null)[]>;
}

/** What a site comes to, for a test to compare with `CLEAN`. */
export interface DistributedProof {
  readonly findings: readonly string[];
  /** Rules that the checker could not look at. V10 is: facts are on the bus alone, and judged here by `factFaults`. */
  readonly unproven: readonly string[];
  /** Tags under which more than one job was created. */
  readonly createdTwice: readonly string[];
  readonly factFaults: readonly string[];
  /** Rows of requests and tasks that have not ended. */
  readonly open: SiteProof["report"]["open"];
}

/** A site of which nothing is wrong, and nothing left to do. */
export const CLEAN: DistributedProof = {
  findings: [],
  unproven: ["V10"],
  createdTwice: [],
  factFaults: [],
  open: { requests: 0, tasks: 0 },
};

/** Opens a site in a rig's folder. It goes with the rig. */
export async function openDistributedSite(
  rig: Rig,
  {
    store: kind,
    scenario,
    replicas = 2,
    env = {},
    natsUser,
    natsFileStoreBytes,
    servicesLater = false,
  }: DistributedSiteOptions,
): Promise<DistributedSite> {
  const stack = await openStack({
    folder: join(rig.folder, "stack"),
    store: kind,
    replicas,
    env,
    ...(natsUser === undefined ? {} : { natsUser }),
    ...(natsFileStoreBytes === undefined ? {} : { natsFileStoreBytes }),
    scenarioFile: await scenarioFile(rig, scenario),
    servicesLater: true,
  });
  rig.defer(async () => {
    // A test that ended well has stopped them; after any other one nobody waits for what they have in hand.
    for (const service of stack.services) if (service.running) service.signal("SIGKILL");
    await stack[Symbol.asyncDispose]();
  });
  const facts = await collectFacts(stack.nats.url, natsUser);
  rig.defer(async () => facts[Symbol.asyncDispose]());
  const caller = await openRawCaller(stack.nats.url, natsUser);
  rig.defer(async () => caller[Symbol.asyncDispose]());
  const workspace = await openReader(stack.serviceEnv);
  rig.defer(async () => workspace[Symbol.asyncDispose]());
  if (!servicesLater) await stack.startServices(DEADLINE_MS);
  const { store } = workspace;

  const granary: DistributedSite["granary"] = async (...args) =>
    rig.node([GRANARY, ...args], { env: { ...stack.serviceEnv, GRANARY_LOG_LEVEL: "fatal" } }).finish();
  async function request(requestId: string, source = SOURCE): Promise<RequestDoc> {
    const found = await store.load("request", requestKey(systemIds, source, requestId));
    if (!found) throw new Error(`there is no request ${requestId} of ${source}`);
    return found;
  }
  return {
    rig,
    stack,
    store,
    caller,
    facts,
    granary,
    request,
    ends: async (requestId, source) =>
      waitUntil(
        `${requestId} has ended`,
        async () => {
          const found = await request(requestId, source);
          return found.state === "ended" && found;
        },
        { deadlineMs: DEADLINE_MS, state: async () => openText(store) },
      ),
    async settles(deadlineMs = DEADLINE_MS) {
      await waitUntil("nothing is left to do", async () => isSettled(store), {
        deadlineMs,
        lookMs: 100,
        state: async () => openText(store),
      });
    },
    async change(next) {
      const response = await fetch(`${stack.simulator.url}/scenario`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(next),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async prove() {
      const simulatorFolder = join(stack.folder, "simulator");
      const { findings, unproven, createdTwice, report } = await proveSite({ granary, simulatorFolder });
      // A fact is dropped from the store once the bus has it, which may be before it has come to us.
      const told = await waitUntil("every fact was heard", async () => settledFacts(store, facts), {
        deadlineMs: 10_000,
      }).catch(async () => factFaults(store, facts));
      return { findings, unproven, createdTwice, factFaults: told, open: report.open };
    },
    stops: async () =>
      Promise.all(stack.services.map(async (service) => (service.running ? (await service.stop()).code : 0))),
  };
}

async function settledFacts(store: Store, facts: FactCollector): Promise<readonly string[] | null> {
  const faults = await factFaults(store, facts);
  return faults.length === 0 ? faults : null;
}

/** Opens what the environment names, as a command does. */
async function openReader(env: Readonly<Record<string, string>>): Promise<Workspace> {
  const config = readConfig({
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "cli",
    jobLimits: JOB_LIMITS,
  });
  return openRemote(config, openLogger({ level: "silent" }));
}
