export { monitor } from "./app.ts";
export type { Monitor } from "./app.ts";
export { FOREIGN, whoseJob } from "./whoseJob.ts";
export type { MonitorDeps } from "./settings.ts";
