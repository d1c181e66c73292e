export { demandReady } from "./demandReady.ts";
export { JobAlreadyHeld } from "./jobAlreadyHeld.ts";
export { openMongoStore } from "./mongo/mongoStore.ts";
export type { MongoStoreOptions } from "./mongo/mongoStore.ts";
export { sqliteStore } from "./sqlite/sqliteStore.ts";
export type { SqliteStore, SqliteStoreOptions } from "./sqlite/sqliteStore.ts";
export { watchChanges } from "./sqlite/watchChanges.ts";
export type { WatchOptions } from "./sqlite/watchChanges.ts";
