export { openStack } from "./openStack.ts";
export type { Stack, StackOptions } from "./openStack.ts";
export { startService } from "./serviceProcess.ts";
export type { Exit, ServiceOptions, ServiceProcess } from "./serviceProcess.ts";
