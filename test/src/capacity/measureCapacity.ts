import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Role } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { DistributedSite } from "../distributed/distributedSite.ts";
import { metricSum } from "../distributed/looks.ts";

const ROLES: readonly Role[] = ["submitter", "monitor", "harvester"];
const DEADLINE_MS = 900_000;

/** The work that is measured. */
export interface CapacityLoad {
  readonly items: number;
  readonly perRequest: number;
  /** Bytes of an item's prompt. */
  readonly promptBytes: number;
}

/** Messages, and their bytes. */
export interface Volume {
  readonly count: number;
  readonly bytes: number;
}

/** What a load took, beside what was there before it. */
export interface CapacityReport extends CapacityLoad {
  readonly requests: number;
  readonly tasks: number;
  /** From the first submit to the last end, in milliseconds. */
  readonly tookMs: number;
  /** Of the SQLite file, and how many rows each table has; null on a database. */
  readonly sqlite: { readonly bytes: number; readonly rows: Readonly<Record<string, number>> } | null;
  /** By what the file is, such as `input` or `results`. */
  readonly artifactBytes: Readonly<Record<string, number>>;
  /** As they are kept by NATS. */
  readonly facts: Volume;
  /** As they were sent: subject, headers and data. They leave NATS when they are acknowledged. */
  readonly commands: Volume;
  /** Pieces of inputs that lay in NATS's object store until they were copied. */
  readonly inputs: Volume;
  readonly services: Readonly<Record<string, { readonly cpuSeconds: number; readonly peakBytes: number }>>;
}

/** Submits a load to a site with one replica of each service, waits for its end, stops the services and measures. */
export async function measureCapacity(site: DistributedSite, load: CapacityLoad): Promise<CapacityReport> {
  const { rig, stack, granary } = site;
  const file = join(rig.folder, "load.jsonl");
  await writeFile(file, linesOf(load).join("\n"));
  await using wire = await listen(stack.nats.url);
  const cpuBefore = await cpuOf(site);
  const startedAt = performance.now();
  const { code, stderr } = await granary("submit", file, "--model", "gpt-4o-mini");
  if (code !== 0) throw new Error(`granary submit ended with ${code}: ${stderr}`);
  await site.settles(DEADLINE_MS);
  const tookMs = performance.now() - startedAt;
  const cpu = await cpuOf(site);
  const services = Object.fromEntries(
    stack.services.map(({ service, pid }) => [
      service,
      { cpuSeconds: cpu[service]! - cpuBefore[service]!, peakBytes: peakBytesOf(pid) },
    ]),
  );
  const facts = await factsOf(stack.nats.url);
  const counted = await countDocuments(site);
  await site.stops();
  return {
    ...load,
    ...counted,
    tookMs,
    sqlite: stack.database ? null : sqliteSize(join(stack.folder, "granary.db")),
    artifactBytes: artifactBytesOf(join(stack.folder, "artifacts")),
    facts,
    commands: wire.heard("granary.v1.command."),
    inputs: wire.heard("$O."),
    services,
  };
}

function* rowsOf({ items, perRequest, promptBytes }: CapacityLoad): Generator<object> {
  for (let item = 0; item < items; item += 1) {
    if (item % perRequest === 0) yield { request: { requestId: `load-${item / perRequest}` } };
    yield { key: `k${item}`, prompt: `${item}: `.padEnd(promptBytes, "all about the weather, ") };
  }
}

function linesOf(load: CapacityLoad): readonly string[] {
  return [...rowsOf(load)].map((row) => JSON.stringify(row));
}

async function cpuOf({ stack }: DistributedSite): Promise<Readonly<Record<string, number>>> {
  const rows = ROLES.map(async (role) => {
    const own = stack.services.filter(({ service }) => service === role);
    return [role, await metricSum(own, "process_cpu_seconds_total")] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

/** The most a process ever had resident, as Linux tells it. */
function peakBytesOf(pid: number): number {
  const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

interface Wire extends AsyncDisposable {
  /** What has come by on subjects that begin so. */
  readonly heard: (prefix: string) => Volume;
}

async function listen(url: string): Promise<Wire> {
  const connection = await connect({ servers: url });
  const volumes = new Map<string, { count: number; bytes: number }>();
  for (const prefix of ["granary.v1.command.", "$O."]) {
    const volume = { count: 0, bytes: 0 };
    volumes.set(prefix, volume);
    connection.subscribe(`${prefix}>`, {
      callback(error, { subject, data, headers }) {
        if (error) return;
        volume.count += 1;
        volume.bytes += subject.length + data.length;
        for (const [name, values] of headers ?? []) volume.bytes += name.length + values.join("").length + 4;
      },
    });
  }
  await connection.flush();
  return {
    heard: (prefix) => ({ count: 0, bytes: 0, ...volumes.get(prefix) }),
    [Symbol.asyncDispose]: async () => connection.close(),
  };
}

async function factsOf(url: string): Promise<CapacityReport["facts"]> {
  const connection = await connect({ servers: url });
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info("GRANARY_FACTS");
    return { count: state.messages, bytes: state.bytes };
  } finally {
    await connection.close();
  }
}

async function countDocuments({
  store,
}: DistributedSite): Promise<Pick<CapacityReport, "requests" | "tasks">> {
  const { requests, tasks } = await store.gauges();
  return { requests: sumOf(requests), tasks: sumOf(tasks) };
}

function sumOf(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

/** Asked of SQLite itself: what stands in its log yet counts, too. */
function sqliteSize(path: string): NonNullable<CapacityReport["sqlite"]> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const number = (query: string): number => Number(Object.values(database.prepare(query).get() ?? {})[0]);
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    const rows = tables.map(({ name }) => [String(name), number(`SELECT count(*) FROM "${String(name)}"`)]);
    return {
      bytes: number("PRAGMA page_count") * number("PRAGMA page_size"),
      rows: Object.fromEntries(rows),
    };
  } finally {
    database.close();
  }
}

function artifactBytesOf(folder: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const kind = /(?:^|\/)provider$/.test(entry.parentPath) ? "raw" : entry.name.split(/[-.]/, 1)[0]!;
    sums[kind] = (sums[kind] ?? 0) + statSync(path).size;
  }
  return sums;
}
