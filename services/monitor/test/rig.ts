/** The monitor over a real store in memory, on a clock that the test moves, and a provider whose jobs it sets. */
import type { BatchProvider, Dialect, DocOf, Durations, JobSnapshot, Kind, Trouble } from "@granary/domain";
import { BrokenTransfer, FAST, ProviderTrouble } from "@granary/domain";
import { memoryArtifacts } from "@granary/artifacts";
import { OPENAI_PRICES, openaiDialect } from "@granary/providers";
import type { Log, Worker } from "@granary/runtime";
import { claim, runStep, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { monitor } from "../src/index.ts";
import type { MonitorDeps } from "../src/index.ts";
import { ACCOUNT, INSTANCE, START } from "./documents.ts";

const PAGE = 2;
type Operation = "list" | "get" | "cancel" | "remove" | "download";

/** What the provider has, and what it was asked. */
export interface FakeProvider {
  readonly provider: BatchProvider;
  /** Newest first, as a listing shows them. */
  jobs: JobSnapshot[];
  readonly cancelled: string[];
  readonly removed: string[];
  readonly pages: (string | null)[];
  /** Lines of result files, by file id. */
  readonly files: Map<string, readonly string[]>;
  /** Files that break off after their last line. */
  readonly torn: Set<string>;
  readonly downloaded: string[];
  /** Operations that fail, and how. */
  readonly broken: Map<Operation, ProviderTrouble>;
  /** Runs before each call. */
  before: (operation: Operation) => Promise<void>;
}

export function trouble(why: Trouble, retryAfterMs?: number): ProviderTrouble {
  return new ProviderTrouble(why, why, `simulated: ${why}`, { retryAfterMs });
}

const notHere = async (): Promise<never> => {
  throw new Error("the monitor never does this");
};

function fakeProvider(): FakeProvider {
  const called = async (operation: Operation): Promise<void> => {
    await fake.before(operation);
    const broken = fake.broken.get(operation);
    if (broken) throw broken;
  };
  const fake: FakeProvider = {
    jobs: [],
    cancelled: [],
    removed: [],
    pages: [],
    files: new Map(),
    torn: new Set(),
    downloaded: [],
    broken: new Map(),
    before: async () => {},
    provider: {
      upload: notHere,
      create: notHere,
      async download(fileId) {
        await called("download");
        const lines = fake.files.get(fileId);
        if (!lines) throw new Error(`nobody put a file ${fileId} there`);
        fake.downloaded.push(fileId);
        return { bytes: linesOf(lines, fake.torn.has(fileId)), length: null };
      },
      async list({ after }) {
        await called("list");
        fake.pages.push(after);
        const from = after === null ? 0 : fake.jobs.findIndex(({ jobId }) => jobId === after) + 1;
        const jobs = fake.jobs.slice(from, from + PAGE);
        return { jobs, next: from + PAGE < fake.jobs.length ? (jobs.at(-1)?.jobId ?? null) : null };
      },
      async get(jobId) {
        await called("get");
        return fake.jobs.find((job) => job.jobId === jobId) ?? null;
      },
      async cancel(jobId) {
        await called("cancel");
        fake.cancelled.push(jobId);
        return true;
      },
      async remove(fileId) {
        await called("remove");
        fake.removed.push(fileId);
        return true;
      },
    },
  };
  return fake;
}

async function* linesOf(lines: readonly string[], isTorn: boolean): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${line}\n`);
  if (isTorn) throw new BrokenTransfer("simulated: the connection was reset");
}

export type WorkerName = "watchRequest" | "watchTask" | "sweepAccount";

export interface Rig {
  readonly store: SqliteStore;
  readonly provider: FakeProvider;
  readonly deps: MonitorDeps;
  readonly now: () => number;
  move(ms: number): void;
  /** Warnings and errors, in order. */
  readonly told: string[];
  /** Claims what is due for a worker and takes each one step further; answers how many there were. */
  turn(name: WorkerName, limit?: number): Promise<number>;
  /** The document, which has to be there. */
  doc<K extends Kind>(kind: K, id: string): Promise<DocOf[K]>;
  /** Types of the facts told so far, without their prefix. */
  facts(): Promise<readonly string[]>;
}

export interface RigOptions {
  /** How the account's provider speaks; as OpenAI does where it is left out. */
  readonly dialect?: Dialect;
}

export async function openRig(
  durations: Partial<Durations> = {},
  { dialect = openaiDialect() }: RigOptions = {},
): Promise<Rig> {
  let now = START;
  const clock = { now: () => now, monotonic: () => now, sleep: sleepUntilAborted };
  const store = sqliteStore({ path: ":memory:", clock, ids: systemIds });
  await store.ensure();
  const told: string[] = [];
  const tell = (_fields: object, message: string): void => void told.push(message);
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell };
  const provider = fakeProvider();
  const settings = {
    id: ACCOUNT,
    provider: "openai",
    mode: "simulated",
    durations: { ...FAST, ...durations },
    limits: { job: dialect.limits },
    extraModels: [],
  } as const;
  const deps: MonitorDeps = {
    store,
    artifacts: memoryArtifacts(),
    clock,
    ids: systemIds,
    log,
    catalogue: {
      accounts: new Map([[ACCOUNT, { settings, dialect, provider: provider.provider }]]),
      defaultAccounts: { openai: ACCOUNT },
      prices: OPENAI_PRICES,
      sources: {},
    },
    owner: "monitor-1",
    instance: INSTANCE,
  };
  const { workers, ensure } = monitor(deps);
  await ensure();
  return {
    store,
    provider,
    deps,
    now: () => now,
    move: (ms) => void (now += ms),
    told,
    async turn(name, limit = 1) {
      const worker = workers.find((candidate) => candidate.name === name) as Worker;
      const held = await claim(deps, worker, limit);
      for (const doc of held) await runStep(deps, worker, doc, new AbortController().signal);
      return held.length;
    },
    async doc(kind, id) {
      const doc = await store.load(kind, id);
      if (!doc) throw new Error(`there is no ${kind} ${id}`);
      return doc;
    },
    facts: async () =>
      (await store.pendingFacts(1_000)).map(({ fact }) => fact.type.replace("granary.v1.fact.", "")),
  };
}

/** No lease needs a renewal while time stands still. */
async function sleepUntilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}
