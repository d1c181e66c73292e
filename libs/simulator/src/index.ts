export { type Fault, fault, type JobFault, type RequestFault } from "./fault.ts";
export { FolderInUse } from "./folderLock.ts";
export type { Charge, CreateRecord, JobError, StoredFile } from "./ledgerRecord.ts";
export { type Provider, providers } from "./provider.ts";
export { type LedgerCreate, type LedgerEntry, readLedger } from "./readLedger.ts";
export { type LineAnswer, lineAnswers, type Scenario, scenario, type ScenarioInput } from "./scenario.ts";
export { simulatorMain } from "./simulatorMain.ts";
export { PortTaken, type RunningSimulator, serveSimulator, type SimulatorOptions } from "./serveSimulator.ts";
