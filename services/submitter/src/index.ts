export { submitter } from "./app.ts";
export type { Submitter } from "./app.ts";
export { planRequest } from "./planRequest.ts";
export type { Planned } from "./planRequest.ts";
export type { SubmitterDeps } from "./settings.ts";
