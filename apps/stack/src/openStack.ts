import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { superviseSimulator } from "@granary/cli";
import type { SupervisedSimulator } from "@granary/cli";
import type { Role } from "@granary/domain";
import { JOB_LIMITS, openStore } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import type { DatabaseKind, FoundDatabase, NatsConfig, RunningDatabase, RunningNats } from "@granary/servers";
import { databaseHint, findDatabases, freePort, startDatabase, startNats } from "@granary/servers";
import { ALL_SIMULATED } from "./accountVariables.ts";
import type { ServiceProcess } from "./serviceProcess.ts";
import { startService } from "./serviceProcess.ts";

const ROLES: readonly Role[] = ["submitter", "monitor", "harvester"];

type Environment = Readonly<Record<string, string>>;

/** What a stack is made of. */
export interface StackOptions {
  /** Everything it writes lies below. */
  readonly folder: string;
  /** `mongo` takes the best database server that is to be had, the others exactly themselves. */
  readonly store: "sqlite" | "mongo" | DatabaseKind;
  /** Processes of each service. */
  readonly replicas: number;
  /** The first of the ports it takes, one after the other; any free ones where it is left out. */
  readonly basePort?: number;
  /** What the simulated provider does, as a JSON file. */
  readonly scenarioFile?: string;
  /** Given to every service beside, or in place of, what the stack itself says, which it may be made from. */
  readonly env?: Environment | ((said: Environment) => Environment);
  /** The only one whom NATS lets in; anybody where it is left out. */
  readonly natsUser?: { readonly name: string; readonly password: string };
  /** How much NATS may keep on its disk, in bytes; as much as the server thinks fit where it is left out. */
  readonly natsFileStoreBytes?: number;
  /** Leave the services for the caller to start; everything else is up. */
  readonly servicesLater?: boolean;
  /** Hears what is being started. */
  readonly tell?: (line: string) => void;
}

/** Broker, database, simulator and services, each a process of its own on 127.0.0.1. */
export interface Stack extends AsyncDisposable {
  readonly folder: string;
  /** What a command or any client of ours is told to work with this stack. */
  readonly env: Environment;
  /** The same for its services, with what they were given beside. */
  readonly serviceEnv: Environment;
  readonly nats: RunningNats;
  /** Null with SQLite. */
  readonly database: RunningDatabase | null;
  /** Which server keeps the store, with its version. */
  readonly storeName: string;
  readonly simulator: SupervisedSimulator;
  readonly services: readonly ServiceProcess[];
  /** Starts the services that do not run, and waits until all are ready. */
  startServices(deadlineMs?: number): Promise<void>;
  /** Stops the services, one after the other. */
  stopServices(): Promise<void>;
}

const READY_MS = 60_000;

/**
 * Starts everything and waits until the services are ready.
 * @throws Error where a part cannot be had or does not start; what was started is stopped again
 */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { store, replicas, basePort, natsUser, natsFileStoreBytes, tell = () => {} } = options;
  const folder = resolve(options.folder);
  const logs = join(folder, "logs");
  await mkdir(logs, { recursive: true });
  let next = basePort;
  const port = async (): Promise<number> => (next === undefined ? freePort() : next++);
  await using opened = new AsyncDisposableStack();

  tell("nats-server …");
  const nats = opened.use(
    await startNats({
      folder: join(folder, "nats"),
      port: await port(),
      config: {
        ...(natsUser === undefined ? {} : { user: natsUser }),
        ...(natsFileStoreBytes === undefined ? {} : { maxFileStoreBytes: natsFileStoreBytes }),
      } satisfies NatsConfig,
    }),
  );
  const database = store === "sqlite" ? null : await openDatabase(await chosenDatabase(store));
  async function openDatabase(server: FoundDatabase): Promise<RunningDatabase> {
    tell(`${server.title} …`);
    return opened.use(await startDatabase({ server, folder: join(folder, "database"), port: await port() }));
  }
  tell("simulator …");
  const simulatorFolder = join(folder, "simulator");
  const log = openLogger({ level: "warn" });
  const simulator = opened.use(
    await superviseSimulator(
      {
        folder: simulatorFolder,
        port: await port(),
        ...(options.scenarioFile === undefined ? {} : { scenarioFile: options.scenarioFile }),
      },
      log,
    ),
  );
  const env = {
    NATS_URL: nats.url,
    ...(natsUser === undefined ? {} : { NATS_USER: natsUser.name, NATS_PASSWORD: natsUser.password }),
    ...(database ? { MONGODB_URI: database.uri } : { GRANARY_SQLITE: join(folder, "granary.db") }),
    GRANARY_ARTIFACTS: join(folder, "artifacts"),
    GRANARY_SIMULATOR_URL: simulator.url,
    ...ALL_SIMULATED,
  };
  await migrate(env);
  const own = typeof options.env === "function" ? options.env(env) : options.env;

  const services: ServiceProcess[] = [];
  opened.defer(stopServices);
  async function startServices(deadlineMs = READY_MS): Promise<void> {
    if (services.length === 0)
      for (const service of ROLES)
        for (let replica = 1; replica <= replicas; replica += 1)
          services.push(
            startService({
              service,
              replica,
              port: await port(),
              env: { ...env, ...own },
              logPath: join(logs, `${service}-${replica}.log`),
            }),
          );
    for (const service of services) service.start();
    tell(`${services.length} services …`);
    await Promise.all(services.map(async (service) => service.becomesReady(deadlineMs)));
  }
  async function stopServices(): Promise<void> {
    await Promise.all(services.map(async (service) => (service.running ? service.stop() : null)));
  }
  if (!options.servicesLater) await startServices();
  const closing = opened.move();
  return {
    folder,
    env,
    serviceEnv: { ...env, ...own },
    nats,
    database,
    storeName: database?.title ?? "SQLite",
    simulator,
    services,
    startServices,
    stopServices,
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}

/** The server of a kind, found or fetched. @throws Error with what was tried */
async function chosenDatabase(kind: "mongo" | DatabaseKind): Promise<FoundDatabase> {
  // A stack brings its own database: one that somebody else runs is not looked at.
  const { MONGODB_URI: _given, ...environment } = process.env;
  const databases = await findDatabases({ environment });
  for (const server of databases.found)
    if (server.kind !== "given" && (kind === "mongo" || server.kind === kind)) return server;
  throw new Error(
    kind === "mongo" ? databaseHint(databases) : `no ${kind} is to be had here: ${databaseHint(databases)}`,
  );
}

/** What `granary migrate up` does, before a service looks at the store. */
async function migrate(env: Readonly<Record<string, string>>): Promise<void> {
  const config = readConfig({
    env,
    readFile: () => "",
    reader: "cli",
    jobLimits: JOB_LIMITS,
  });
  await using opened = await openStore(config.store, openLogger({ level: "silent" }));
  await opened.store.ensure();
}
