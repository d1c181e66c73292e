/** The harvester over a real store and artifacts in memory, a clock that the test moves, and files that it sets. */
import type { BatchProvider, Dialect, DocOf, FilePolicy, JobSnapshot, Kind, TaskDoc } from "@granary/domain";
import { FAST, ProviderTrouble } from "@granary/domain";
import { memoryArtifacts } from "@granary/artifacts";
import { OPENAI_PRICES, openaiDialect } from "@granary/providers";
import type { Log, Worker } from "@granary/runtime";
import { claim, driftNotes, runStep, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { harvester } from "../src/index.ts";
import type { HarvesterDeps, ResultRow } from "../src/index.ts";
import { ACCOUNT, START } from "./documents.ts";
import type { Work } from "./documents.ts";

/** What the provider shows. */
export interface FakeProvider {
  job: JobSnapshot | null;
  readonly files: Map<string, string>;
  downloads: number;
  /** Runs before each download. */
  before: () => Promise<void>;
  /** Files that were removed, in order. */
  readonly removed: string[];
  /** Runs before each removal. */
  beforeRemoval: (fileId: string) => Promise<void>;
}

export interface Rig {
  readonly store: SqliteStore;
  readonly provider: FakeProvider;
  readonly deps: HarvesterDeps;
  readonly now: () => number;
  move(ms: number): void;
  /** Warnings and errors, in order. */
  readonly told: string[];
  /** Puts requests, their slices and a task that carries them where its job has just ended. */
  put(work: Work): Promise<void>;
  /** Claims what is due for a worker and takes each one step further; answers how many there were. */
  turn(name: "harvestTask" | "closeRequest"): Promise<number>;
  doc<K extends Kind>(kind: K, id: string): Promise<DocOf[K]>;
  /** The lines of an artifact, parsed. */
  lines(path: string): Promise<readonly unknown[]>;
  /** Makes every open slice settled for the request's sake, closes it, and gives its results. */
  results(request: string): Promise<readonly ResultRow[]>;
  facts(): Promise<readonly { readonly type: string; readonly data: Record<string, unknown> }[]>;
}

export async function openRig(
  dialect: Dialect = openaiDialect(),
  files: FilePolicy | undefined = "keep",
): Promise<Rig> {
  let now = START;
  const clock = { now: () => now, monotonic: () => now, sleep: sleepUntilAborted };
  const store = sqliteStore({ path: ":memory:", clock, ids: systemIds });
  await store.ensure();
  const told: string[] = [];
  const tell = (_fields: object, message: string): void => void told.push(message);
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell };
  const provider: FakeProvider = {
    job: null,
    files: new Map(),
    downloads: 0,
    before: async () => {},
    removed: [],
    beforeRemoval: async () => {},
  };
  const settings = {
    id: ACCOUNT,
    provider: "openai",
    mode: "simulated",
    durations: FAST,
    limits: { job: dialect.limits },
    extraModels: [],
    files,
  } as const;
  const artifacts = memoryArtifacts();
  const deps: HarvesterDeps = {
    store,
    artifacts,
    clock,
    ids: systemIds,
    log,
    catalogue: {
      accounts: new Map([[ACCOUNT, { settings, dialect, provider: providerOf(provider) }]]),
      defaultAccounts: { openai: ACCOUNT },
      prices: OPENAI_PRICES,
      sources: {},
    },
    owner: "harvester-1",
    instance: "test",
    drift: driftNotes({ store, clock, log }),
  };
  const { workers } = harvester(deps);
  const rig: Rig = {
    store,
    provider,
    deps,
    now: () => now,
    move: (ms) => void (now += ms),
    told,
    async put({ requests, slices, task, manifest }) {
      for (const request of requests) await store.insertOnce("request", request);
      await store.insertSlices(slices);
      await artifacts.put(task.manifest?.path ?? "", oneChunk(manifest));
      await store.insertOnce("task", task);
    },
    async turn(name) {
      const worker = workers.find((candidate) => candidate.name === name) as Worker;
      const held = await claim(deps, worker, 1);
      for (const doc of held) await runStep(deps, worker, doc, new AbortController().signal);
      return held.length;
    },
    async doc(kind, id) {
      const doc = await store.load(kind, id);
      if (!doc) throw new Error(`there is no ${kind} ${id}`);
      return doc;
    },
    async lines(path) {
      const text = await textOf(artifacts.read(path));
      return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
    },
    async results(id) {
      const request = await rig.doc("request", id);
      await store.save("request", request, { ...request, state: "closing" }, { asOwner: false, dueAt: now });
      await rig.turn("closeRequest");
      const { results } = await rig.doc("request", id);
      if (!results) throw new Error(`request ${id} has no results`);
      return (("inline" in results ? results.inline : await rig.lines(results.path)) as ResultRow[]) ?? [];
    },
    async facts() {
      const pending = await store.pendingFacts(1_000);
      return pending.map(({ fact }) => ({
        type: fact.type.replace("granary.v1.fact.", ""),
        data: fact.data,
      }));
    },
  };
  return rig;
}

function providerOf(fake: FakeProvider): BatchProvider {
  return {
    upload: notHere,
    create: notHere,
    list: notHere,
    cancel: notHere,
    async remove(fileId) {
      await fake.beforeRemoval(fileId);
      fake.removed.push(fileId);
      return fake.files.delete(fileId);
    },
    get: async () => fake.job,
    async download(fileId) {
      await fake.before();
      fake.downloads += 1;
      const text = fake.files.get(fileId);
      if (text === undefined) throw new ProviderTrouble("not_found", "404", `no file ${fileId}`);
      return { bytes: chunksOf(text), length: null };
    },
  };
}

async function notHere(): Promise<never> {
  throw new Error("the harvester never does this");
}

export async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** In pieces that tear lines apart. */
async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

export async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** No lease needs a renewal while time stands still. */
async function sleepUntilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}

/** A task's folder. */
export const folderOf = ({ request, id }: TaskDoc): string => `${request ?? "shared"}/${id}`;
