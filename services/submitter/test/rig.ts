/** The submitter over a real store and artifacts in memory, a clock that the test moves, and a provider it scripts. */
import { createHash } from "node:crypto";
import type {
  AccountLimits,
  BatchProvider,
  Command,
  CreateAnswer,
  Dialect,
  DocOf,
  Durations,
  Fact,
  Kind,
  Reply,
  TaskDoc,
} from "@granary/domain";
import { FAST } from "@granary/domain";
import { memoryArtifacts } from "@granary/artifacts";
import { OPENAI_PRICES, openaiDialect } from "@granary/providers";
import type { Log, Worker } from "@granary/runtime";
import { claim, runStep, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { submitter } from "../src/index.ts";
import type { SubmitterDeps } from "../src/index.ts";

export const START = Date.UTC(2026, 0, 5, 12);
export const ACCOUNT = "openai:simulated";
export const MODEL = "gpt-4o-mini";

type Create = Parameters<BatchProvider["create"]>[0];

/** What the provider took, and what it answers. */
export interface FakeProvider {
  readonly uploads: { readonly fileId: string; readonly lines: readonly string[] }[];
  readonly creates: Create[];
  /** The answer to a create; created where it is left alone. */
  answer: (create: Create) => Promise<CreateAnswer>;
  /** The job of an id that somebody asks for. */
  get: BatchProvider["get"];
  /** Runs before each upload. */
  beforeUpload: () => Promise<void>;
  fileExpiresAt: number | null;
}

export interface RigOptions {
  readonly limits?: Partial<AccountLimits>;
  readonly durations?: Partial<Durations>;
  readonly extraModels?: readonly string[];
  readonly sources?: SubmitterDeps["catalogue"]["sources"];
  /** How lines reach the provider; as a file where it is left out. */
  readonly travels?: "file" | "body";
  /** Whether a listing shows whose a job is; it does where this is left out. */
  readonly tags?: "shown" | "hidden";
}

export interface Rig {
  readonly store: SqliteStore;
  readonly provider: FakeProvider;
  readonly deps: SubmitterDeps;
  readonly now: () => number;
  move(ms: number): void;
  /** Time that passes at each look at the wall clock: how slow this process is. */
  slow(msALook: number): void;
  readonly told: string[];
  /** Facts that belong to no document. */
  readonly published: Fact[];
  handle(...commands: readonly Command[]): Promise<readonly Reply[]>;
  /** Claims what is due for a worker and takes each one step further; answers how many there were. */
  turn(name: "openAccepted" | "packAccount" | "submitTask", limit?: number): Promise<number>;
  doc<K extends Kind>(kind: K, id: string): Promise<DocOf[K]>;
  tasks(): Promise<readonly TaskDoc[]>;
  /** Tasks planned of what was submitted, after the linger. */
  packed(): Promise<readonly TaskDoc[]>;
  putFile(
    path: string,
    text: string | Uint8Array,
  ): Promise<{ readonly path: string; readonly sha256: string }>;
  facts(): Promise<readonly string[]>;
}

export async function openRig({
  limits = {},
  durations = {},
  extraModels = [],
  sources = {},
  travels = "file",
  tags = "shown",
}: RigOptions = {}): Promise<Rig> {
  let now = START;
  let slowness = 0;
  const clock = { now: () => (now += slowness), monotonic: () => now, sleep: sleepUntilAborted };
  const store = sqliteStore({ path: ":memory:", clock: { now: () => now }, ids: systemIds });
  await store.ensure();
  const told: string[] = [];
  const published: Fact[] = [];
  const tell = (_fields: object, message: string): void => void told.push(message);
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell };
  const provider: FakeProvider = {
    uploads: [],
    creates: [],
    answer: async ({ tag }) => ({
      type: "created",
      job: { ...JOB, jobId: `batch_${provider.creates.length}`, tag },
    }),
    get: notHere,
    beforeUpload: async () => {},
    fileExpiresAt: null,
  };
  const dialect: Dialect = { ...openaiDialect(), travels: () => travels, tags };
  const settings = {
    id: ACCOUNT,
    provider: "openai",
    mode: "simulated" as const,
    durations: { ...FAST, ...durations },
    limits: { job: dialect.limits, ...limits },
    extraModels,
  };
  const artifacts = memoryArtifacts();
  const deps: SubmitterDeps = {
    store,
    artifacts,
    clock,
    ids: systemIds,
    log,
    catalogue: {
      accounts: new Map([[ACCOUNT, { settings, dialect, provider: providerOf(provider) }]]),
      defaultAccounts: { openai: ACCOUNT },
      prices: OPENAI_PRICES,
      sources,
    },
    owner: "submitter-1",
    instance: "test",
    publish: async (facts) => void published.push(...facts),
  };
  const { workers, handle, ensure } = submitter(deps);
  await ensure();
  const rig: Rig = {
    store,
    provider,
    deps,
    now: () => now,
    move: (ms) => void (now += ms),
    slow: (msALook) => void (slowness = msALook),
    told,
    published,
    handle: async (...commands) => handle(commands),
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
    tasks: async () => store.tasks({}, { limit: 1_000 }),
    async packed() {
      now += settings.durations.lingerMs;
      await store.signal("account", [ACCOUNT], { type: "wake" });
      await rig.turn("packAccount");
      return rig.tasks();
    },
    async putFile(path, text) {
      const { sha256 } = await artifacts.put(path, oneChunk(text));
      return { path, sha256 };
    },
    facts: async () =>
      (await store.pendingFacts(1_000)).map(({ fact }) => fact.type.replace("granary.v1.fact.", "")),
  };
  return rig;
}

/** A job that was created just now. */
export const JOB = {
  tag: null,
  rawStatus: "validating",
  status: "waiting",
  counts: null,
  files: {},
  inputFileId: null,
  createdAt: START,
  expiresAt: null,
  errors: [],
  usage: null,
} as const;

function providerOf(fake: FakeProvider): BatchProvider {
  return {
    async upload(lines) {
      await fake.beforeUpload();
      const whole: string[] = [];
      for await (const line of lines) whole.push(line);
      const fileId = `file_${fake.uploads.length + 1}`;
      fake.uploads.push({ fileId, lines: whole });
      return { fileId, bytes: whole.join("\n").length, expiresAt: fake.fileExpiresAt };
    },
    async create(create) {
      fake.creates.push(create);
      return fake.answer(create);
    },
    list: notHere,
    get: async (jobId, options) => fake.get(jobId, options),
    download: notHere,
    cancel: notHere,
    remove: notHere,
  };
}

async function notHere(): Promise<never> {
  throw new Error("the submitter never does this");
}

async function* oneChunk(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text as string);
}

export const shaOf = (text: string): string => createHash("sha256").update(text).digest("hex");

let commands = 0;

export function command(type: Command["type"], data: unknown): Command {
  commands += 1;
  return { id: `command-${commands}`, type, data };
}

export const prompts = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ key: `k${from + at}`, prompt: `Say ${from + at}` }));

/** A submit command of two items, with what a test is about on top. */
export function submit(requestId: string, with_: Record<string, unknown> = {}): Command {
  const data = { source: "shop", requestId, provider: "openai", model: MODEL, items: prompts(2), ...with_ };
  return command(
    "submit",
    Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)),
  );
}

/** No lease needs a renewal while time stands still; a pause that nothing ends takes none of it. */
async function sleepUntilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  if (!signal || signal.aborted) return;
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}
