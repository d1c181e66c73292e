import { join } from "node:path";
import { readFileSync } from "node:fs";
import { openWorkspace } from "@granary/cli";
import type { Workspace } from "@granary/cli";
import type { Reply, RequestDoc, Store } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig, systemIds } from "@granary/runtime";
import type { ScenarioInput } from "@granary/simulator";
import type { Finished, Rig, Started } from "./rig.ts";
import { ROOT } from "./rig.ts";
import type { SimulatorProcess } from "./simulatorProcess.ts";
import { startSimulatorProcess } from "./simulatorProcess.ts";
import { waitUntil } from "./waitUntil.ts";

const GRANARY = join(ROOT, "apps/cli/bin/granary.js");

/** The source of requests that name none. */
export const SOURCE = "e2e";

/** One store with its artifacts, and whoever works on it. */
export interface Site {
  readonly rig: Rig;
  readonly env: Readonly<Record<string, string>>;
  /** The simulator's folder, whichever process runs it. */
  readonly simulatorFolder: string;
  /** The store as this process sees it, beside all others. */
  readonly workspace: Workspace;
  /** Runs one `granary` command to its end. */
  granary(...args: readonly string[]): Promise<Finished>;
  /** Starts `granary up`, without waiting for it. */
  startUp(...args: readonly string[]): Started;
  /** Starts `granary up`, and waits until it says that it is. */
  up(...args: readonly string[]): Promise<Started>;
  submit(...requests: readonly object[]): Promise<readonly Reply[]>;
  request(requestId: string): Promise<RequestDoc>;
  /** Waits until a request has come to a state. */
  reaches(requestId: string, state: RequestDoc["state"], deadlineMs?: number): Promise<RequestDoc>;
  /** Waits until nothing is left to do: every request and task has ended, and every fact is told. */
  settles(deadlineMs?: number): Promise<void>;
}

/** A site on a simulator of its own; `env` goes to every process. */
export async function openSite(
  rig: Rig,
  scenario: ScenarioInput,
  env: Readonly<Record<string, string>> = {},
): Promise<Site & { readonly simulator: SimulatorProcess }> {
  const simulator = await startSimulatorProcess(rig, join(rig.folder, "simulator"), scenario);
  const site = await openBareSite(rig, { GRANARY_SIMULATOR_URL: simulator.url, ...env });
  return { ...site, simulator };
}

/** A site whose `granary up` brings its simulator along. */
export async function openBareSite(rig: Rig, given: Readonly<Record<string, string>> = {}): Promise<Site> {
  const simulatorFolder = join(rig.folder, "simulator");
  const env = {
    GRANARY_SQLITE: join(rig.folder, "granary.db"),
    GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
    GRANARY_SIMULATOR_DATA: simulatorFolder,
    GRANARY_LOG_LEVEL: "warn",
    ...given,
  };
  const config = readConfig({
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "embedded",
    jobLimits: JOB_LIMITS,
  });
  const workspace = await openWorkspace(config, openLogger({ level: "silent" }));
  rig.defer(async () => workspace[Symbol.asyncDispose]());
  const { store, submitter, deps } = workspace;

  function startUp(...args: readonly string[]): Started {
    return rig.node([GRANARY, "up", "--json", ...args], { env });
  }
  async function request(requestId: string): Promise<RequestDoc> {
    const found = await store.load("request", requestKey(deps.ids, SOURCE, requestId));
    if (!found) throw new Error(`there is no request ${requestId}`);
    return found;
  }
  return {
    rig,
    env,
    simulatorFolder,
    workspace,
    startUp,
    request,
    granary: async (...args) => rig.node([GRANARY, ...args], { env }).finish(),
    async up(...args) {
      const started = startUp(...args);
      let over = false;
      void started.exited.then(() => (over = true));
      await waitUntil("granary is up", () => started.stdout().includes('"event":"up"') || over, {
        state: () => started.stderr(),
      });
      if (over) throw new Error(`granary up ended: ${started.stderr()}`);
      return started;
    },
    submit: async (...requests) =>
      submitter.handle(
        requests.map((data) => ({
          id: systemIds.nonce(),
          type: "submit",
          data: { source: SOURCE, provider: "openai", model: "gpt-4o-mini", ...data },
        })),
      ),
    reaches: async (requestId, state, deadlineMs = 30_000) =>
      waitUntil(
        `${requestId} is ${state}`,
        async () => {
          const doc = await request(requestId);
          return doc.state === state && doc;
        },
        { deadlineMs, state: async () => openText(store) },
      ),
    async settles(deadlineMs = 30_000) {
      await waitUntil("nothing is left to do", async () => isSettled(store), {
        deadlineMs,
        lookMs: 100,
        state: async () => openText(store),
      });
    },
  };
}

/** Whether nothing is left to do: every request and task has ended, and every fact is told. */
export async function isSettled(store: Store): Promise<boolean> {
  const { requests, tasks, outbox, slicesOpen } = await store.gauges();
  return (
    requests.every(({ state }) => state === "ended") &&
    tasks.every(({ state }) => state === "ended" || state === "void") &&
    slicesOpen === 0 &&
    outbox.pending === 0
  );
}

/** What has not ended, for a test that waited in vain. */
export async function openText(store: Store): Promise<string> {
  const requests = await store.requests({ states: ["accepted", "running", "closing"] }, { limit: 5 });
  const states = [
    "packing",
    "planned",
    "submitting",
    "unknown",
    "running",
    "harvesting",
    "settling",
  ] as const;
  const tasks = await store.tasks({ states }, { limit: 10 });
  return [...requests, ...tasks]
    .map(({ id, state, waitsFor, lastError, dueAt, leaseUntil, strikes }) =>
      JSON.stringify({ id, state, waitsFor, lastError, dueAt, leaseUntil, strikes, now: Date.now() }),
    )
    .join("\n");
}

/** Tells a process to end, waits for it, and answers how it did. */
export async function stopped(process: Started): Promise<Finished> {
  process.kill("SIGTERM");
  return process.finish();
}
