export { harvester } from "./app.ts";
export type { Harvester } from "./app.ts";
export type { HarvesterDeps } from "./settings.ts";
export { resultRows } from "./writeResults.ts";
export type { ResultRow } from "./writeResults.ts";
