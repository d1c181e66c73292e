import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { memoryArtifacts } from "@granary/artifacts";
import type { CheckerDeps, CheckOptions, LedgerCreate, Report } from "../src/index.ts";
import { verify } from "../src/index.ts";
import type {
  ArtifactRef,
  Artifacts,
  DocOf,
  Fact,
  FactBody,
  Ids,
  JobSnapshot,
  Kind,
  OutputValidator,
} from "@granary/domain";
import { stampFacts } from "@granary/domain";
import { OPENAI_PRICES, openaiDialect, outputValidator } from "@granary/providers";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import { ACCOUNT, NOW } from "./documents.ts";
import { jobList } from "./jobList.ts";

export const DIALECT = openaiDialect();

/** Compiled once a schema, for all worlds: compiling takes longer than a whole check. */
const validators = new Map<string, OutputValidator>();
function cachedValidator(schema: Readonly<Record<string, unknown>>): OutputValidator {
  const name = JSON.stringify(schema);
  const validator = validators.get(name) ?? outputValidator(schema);
  validators.set(name, validator);
  return validator;
}

/** A store and artifacts, what the provider and its ledger say, and what was published. */
export interface World extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly artifacts: Artifacts;
  readonly jobs: JobSnapshot[];
  readonly ledger: LedgerCreate[];
  readonly published: Fact[];
  readonly deps: CheckerDeps;
  put(path: string, text: string): Promise<ArtifactRef>;
  /** Inserts a document that has told these facts. */
  insert<K extends Kind>(kind: K, doc: DocOf[K], facts: readonly FactBody[]): Promise<void>;
  /** Writes over a document, whoever holds it. */
  forge<K extends Kind>(
    kind: K,
    id: string,
    next: (doc: DocOf[K]) => Partial<DocOf[K]>,
    dueAt?: number | null,
  ): Promise<void>;
  /** Publishes what waits. */
  relay(): Promise<void>;
  check(options?: Partial<CheckOptions>, deps?: Partial<CheckerDeps>): Promise<Report>;
}

export async function emptyWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "granary-world-"));
  const database = join(folder, "granary.db");
  const store = sqliteStore({ path: database, clock: { now: () => NOW }, ids: countingIds() });
  await store.ensure();
  const artifacts = memoryArtifacts();
  const jobs: JobSnapshot[] = [];
  const ledger: LedgerCreate[] = [];
  const published: Fact[] = [];
  const deps: CheckerDeps = {
    store,
    artifacts,
    instance: "test",
    accounts: new Map([[ACCOUNT, { dialect: DIALECT, provider: jobList(jobs) }]]),
    prices: OPENAI_PRICES,
    outputValidator: cachedValidator,
    facts: published,
    ledger,
  };
  return {
    store,
    artifacts,
    jobs,
    ledger,
    published,
    deps,
    async put(path, text) {
      const { existed: _existed, ...ref } = await artifacts.put(path, bytesOf(text), { replace: true });
      return ref;
    },
    async insert(kind, doc, facts) {
      await store.insertOnce(kind, doc, stampFacts(kind, doc, facts, NOW));
    },
    async forge(kind, id, next, dueAt) {
      const held = await store.load(kind, id);
      if (!held) throw new Error(`no ${kind} ${id}`);
      // The store itself lets nobody be forgotten: that is written past it.
      const due = dueAt === undefined ? {} : { dueAt: dueAt ?? NOW };
      const saved = await store.save(kind, held, { ...held, ...next(held) }, { asOwner: false, ...due });
      if (!("saved" in saved)) throw new Error(`${kind} ${id} was not written`);
      if (dueAt === null) forget(database, kind, id);
    },
    async relay() {
      const pending = (await store.pendingFacts(1_000)).map(({ fact }) => fact);
      published.push(...pending);
      await store.dropFacts(pending.map(({ id }) => id));
    },
    check: (options, changed) => verify({ ...deps, ...changed }, { quiet: true, ...options }),
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Makes a document never due, as no store would. */
function forget(path: string, kind: Kind, id: string): void {
  const database = new DatabaseSync(path);
  try {
    database.prepare(`UPDATE ${kind} SET dueAt = NULL WHERE id = ?`).run(id);
  } finally {
    database.close();
  }
}

export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function countingIds(): Ids {
  let count = 0;
  return {
    nonce: () => `nonce-${++count}`,
    random: (length) => String(++count).padStart(length, "a"),
    sha256: () => {
      const hash = createHash("sha256");
      return {
        update(data) {
          hash.update(data);
          return this;
        },
        hex: () => hash.digest("hex"),
      };
    },
  };
}
