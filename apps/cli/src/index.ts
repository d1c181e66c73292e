export { catalogueOf } from "./stack/catalogueOf.ts";
export { openWorkspace } from "./stack/openWorkspace.ts";
export type { Workspace } from "./stack/openWorkspace.ts";
export { runRoles } from "./stack/runRoles.ts";
export { startSimulator } from "./stack/startSimulator.ts";
export type { SimulatorChild } from "./stack/startSimulator.ts";
