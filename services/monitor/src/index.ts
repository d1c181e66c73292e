export { monitor } from "./app.ts";
export type { Monitor } from "./app.ts";
export { MARGIN_MS as CLOCK_MARGIN_MS } from "./hiddenTags.ts";
export { FOREIGN, whoseJob } from "./whoseJob.ts";
export type { MonitorDeps } from "./settings.ts";
