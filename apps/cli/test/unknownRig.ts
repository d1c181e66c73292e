import { join } from "node:path";
import type { BatchProvider, JobSnapshot, TaskCommand, TaskDoc } from "@granary/domain";
import { changeTask, customId, newHead, newTask, poolKey } from "@granary/domain";
import { anthropicDialect, anthropicProvider, openaiDialect, openaiProvider } from "@granary/providers";
import { systemClock, systemIds } from "@granary/runtime";
import type { ScenarioInput } from "@granary/simulator";
import { serveSimulator } from "@granary/simulator";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { scratch } from "./scratch.ts";
import type { Scratch } from "./scratch.ts";

/** Jobs that run for longer than any test. */
export const ENDLESS: ScenarioInput = { pace: { validatingMs: 1, jobMs: 3_600_000, jitter: 0 } };
/** Jobs that are over at once. */
export const QUICK: ScenarioInput = {
  pace: { validatingMs: 1, jobMs: 1, lineMs: 0, finalizingMs: 1, jitter: 0 },
};
const INSTANCE = "test";
/** The key that commands use for simulated accounts: each key is an account of its own. */
const KEY = "sk-simulated";
const PATIENCE_MS = 10_000;

type ProviderName = "anthropic" | "openai";

const MODELS = {
  anthropic: { model: "claude-sonnet-4-5", dialect: anthropicDialect() },
  openai: { model: "gpt-4o-mini", dialect: openaiDialect() },
};

/** A task id of this store. */
export const tag = (name: string): string => `gr${INSTANCE}-${name.padEnd(20, "x")}`;

/** The real command over a real store and a simulator, with tasks that were brought into doubt. */
export interface UnknownRig extends AsyncDisposable {
  readonly here: Scratch;
  readonly store: SqliteStore;
  readonly env: Readonly<Record<string, string>>;
  /** Inserts a task whose create was sent and not answered, `agoMs` ago. */
  doubtful(
    name: string,
    options?: { readonly provider?: ProviderName; readonly lines?: number; readonly agoMs?: number },
  ): Promise<TaskDoc>;
  /** Makes a job at the simulator, with lines of this task's, under this scenario. */
  job(
    taskId: string,
    options?: {
      readonly provider?: ProviderName;
      readonly lines?: number;
      readonly scenario?: ScenarioInput;
    },
  ): Promise<JobSnapshot>;
  /** The task's document, which has to be there. */
  task(id: string): Promise<TaskDoc>;
}

export async function openUnknownRig(): Promise<UnknownRig> {
  await using opened = new AsyncDisposableStack();
  const here = opened.use(scratch());
  const simulator = await serveSimulator({ folder: join(here.folder, "simulator"), scenario: ENDLESS });
  opened.defer(async () => simulator.close());
  const path = join(here.folder, "doubt.db");
  const store = sqliteStore({ path, clock: systemClock, ids: systemIds });
  opened.defer(async () => store.close());
  await store.ensure();
  await store.gate(INSTANCE);
  for (const account of ["anthropic:simulated", "openai:simulated"])
    await store.insertOnce("sweep", {
      // Nobody sweeps here.
      ...newHead({ id: account, by: "test", dueAt: systemClock.now() + 3_600_000 }),
      account,
      state: "open",
      seq: 5,
      startedAt: null,
      foreign: { jobs: 0, lines: 0 },
      orphans: [],
      lastError: null,
    });
  const providers = {
    anthropic: anthropicProvider({ apiKey: KEY, baseUrl: `${simulator.url}/anthropic` }),
    openai: openaiProvider({ apiKey: KEY, baseUrl: `${simulator.url}/openai/v1` }),
  };
  const closing = opened.move();
  return {
    here,
    store,
    env: {
      GRANARY_SQLITE: path,
      GRANARY_SIMULATOR_URL: simulator.url,
      GRANARY_ANTHROPIC_MODE: "simulated",
      GRANARY_OPENAI_MODE: "simulated",
    },
    async doubtful(name, { provider = "anthropic", lines = 3, agoMs = 1_000 } = {}) {
      const task = doubtfulTask(name, provider, lines, systemClock.now() - agoMs);
      await store.insertOnce("task", task);
      return task;
    },
    async job(taskId, { provider = "anthropic", lines = 3, scenario = ENDLESS } = {}) {
      const response = await fetch(`${simulator.url}/scenario`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(scenario),
      });
      if (!response.ok) throw new Error(await response.text());
      const made = await madeJob(providers[provider], provider, taskId, lines);
      const isThere = ({ files, counts }: JobSnapshot): boolean =>
        scenario === QUICK ? files.results !== undefined : counts?.total === lines;
      return until(providers[provider], made.jobId, isThere);
    },
    async task(id) {
      const task = await store.load("task", id);
      if (!task) throw new Error(`there is no task ${id}`);
      return task;
    },
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}

/** Brought there by the commands that lead to it. */
function doubtfulTask(name: string, provider: ProviderName, lines: number, at: number): TaskDoc {
  const { model, dialect } = MODELS[provider];
  const [endpoint] = dialect.endpoints;
  const id = tag(name);
  const accountId = `${provider}:simulated`;
  const carried = {
    lines,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    bySource: {},
    request: null,
    requests: 1,
    sliceCount: 1,
  };
  const manifest = { path: "shared/manifest.jsonl", sha256: "0".repeat(64), bytes: 1 };
  const fileId = provider === "openai" ? `file-${name}` : null;
  const commands: readonly TaskCommand[] = [
    { type: "seal", at, manifest, carried },
    { type: "admit" },
    { type: "recordIntent", intent: { nonce: "n", at, startedAt: at, sweepSeq: 5, fileId } },
    { type: "loseAnswer", at, why: "its process died" },
  ];
  const packing = newTask({
    id,
    by: "test",
    owner: "packer",
    leaseUntil: at,
    account: accountId,
    provider,
    poolKey: poolKey({ account: accountId, model, endpoint }),
    model,
    endpoint,
    priority: 0,
  });
  const changed = changeTask(packing, ...commands);
  if (!changed) throw new Error("the commands changed nothing");
  return { ...changed.next, claim: 0, owner: null, leaseUntil: 0, dueAt: at };
}

async function madeJob(
  provider: BatchProvider,
  name: ProviderName,
  taskId: string,
  count: number,
): Promise<JobSnapshot> {
  const { model, dialect } = MODELS[name];
  const [endpoint] = dialect.endpoints;
  const context = { model, endpoint, output: { type: "text" } } as const;
  const lines = Array.from({ length: count }, (_, line) =>
    dialect.encode({ key: `k${line}`, prompt: "say hello" }, context, customId(taskId, line)),
  );
  const each = async function* () {
    yield* lines;
  };
  const size = { count, bytes: lines.join("").length };
  const input =
    name === "anthropic"
      ? { lines: each(), ...size }
      : {
          fileId: (
            await provider.upload(each(), {
              name: "lines.jsonl",
              signal: AbortSignal.timeout(PATIENCE_MS),
            })
          ).fileId,
        };
  const answer = await provider.create({ tag: taskId, input, model, endpoint, timeoutMs: PATIENCE_MS });
  if (answer.type !== "created") throw new Error(`${answer.code}: ${answer.message}`);
  return answer.job;
}

async function until(
  provider: BatchProvider,
  jobId: string,
  isThere: (job: JobSnapshot) => boolean,
): Promise<JobSnapshot> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const job = await provider.get(jobId, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (job && isThere(job)) return job;
    if (performance.now() > deadline) throw new Error(`${jobId} does not get on: ${JSON.stringify(job)}`);
    await systemClock.sleep(20);
  }
}
