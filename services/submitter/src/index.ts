export { submitter } from "./app.ts";
export type { Submitter } from "./app.ts";
export { examineJob } from "./examineJob.ts";
export type { ExaminedJob } from "./examineJob.ts";
export { planAdoption } from "./planAdoption.ts";
export type { AdoptionDeps, PlannedAdoption } from "./planAdoption.ts";
export { accountIdOf, planRequest } from "./planRequest.ts";
export type { Planned } from "./planRequest.ts";
export type { SubmitterDeps } from "./settings.ts";
