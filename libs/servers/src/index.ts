export { cacheFolder, fillOnce } from "./cacheFolder.ts";
export { databaseGreeting } from "./database/askDatabase.ts";
export type { DatabaseKind } from "./database/databaseKinds.ts";
export { databaseHint, findDatabases } from "./database/findDatabases.ts";
export type {
  Databases,
  FindDatabasesOptions,
  FoundDatabase,
  GivenDatabase,
} from "./database/findDatabases.ts";
export { startDatabase } from "./database/startDatabase.ts";
export type { RunningDatabase, StartDatabaseOptions } from "./database/startDatabase.ts";
export { demanded } from "./demanded.ts";
export { findNats, natsHint } from "./nats/findNats.ts";
export type { FindNatsOptions, FoundNats, NoNats } from "./nats/findNats.ts";
export type { NatsConfig, NatsMembership } from "./nats/natsConfig.ts";
export { startNats } from "./nats/startNats.ts";
export type { RunningNats, StartNatsOptions } from "./nats/startNats.ts";
export { freePort } from "./freePort.ts";
export { outlivedBy } from "./outlivedBy.ts";
